"""Which tables there are, as the ledger knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine


def known_tables(engine: Engine) -> tuple[str, ...]:
    """The names of all tables that rows were loaded into, in alphabetical order.

    Raises:
        DatabaseUnavailableError: no answer.
    """
    query = text("""SELECT DISTINCT "table" FROM pipeline.silver_load WHERE state = 'loaded' ORDER BY 1""")
    with engine.connect() as connection:
        return tuple(connection.scalars(query))
