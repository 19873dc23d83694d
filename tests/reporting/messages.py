"""What goes to Postgres, as the driver sends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg2.extensions import cursor
from sqlalchemy import event

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg2.extensions import connection
    from sqlalchemy.engine import Engine


def rewrite_messages(engine: Engine, rewrite: Callable[[str], str]) -> None:
    """Have `rewrite` see each message of connections that are taken from now on, and give what is sent instead."""

    class Rewriting(cursor):
        def execute(self, query: str | bytes, values: object = None) -> None:  # type: ignore[override]  # as it is called here
            super().execute(rewrite(query if isinstance(query, str) else query.decode()), values)  # type: ignore[arg-type]

    def install(opened: connection, *_: object) -> None:
        opened.cursor_factory = Rewriting

    event.listen(engine, "checkout", install)


def sent_messages(engine: Engine) -> list[str]:
    """The messages of connections that are taken from now on, as they are sent."""
    messages: list[str] = []

    def note(message: str) -> str:
        messages.append(message)
        return message

    rewrite_messages(engine, note)
    return messages
