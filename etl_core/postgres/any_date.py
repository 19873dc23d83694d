"""Dates that Python has not, before the year 1, behind 9999 and without an end, come as the database writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from psycopg2 import extensions

if TYPE_CHECKING:
    from collections.abc import Callable

#: What Postgres writes for a moment before or behind all others; psycopg2 makes days of it that somebody may mean.
_ENDLESS: Final = frozenset({"infinity", "-infinity"})
_KINDS: Final = ("PYDATE", "PYDATETIME", "PYDATETIMETZ")


def read_any_date(connection: Any) -> None:  # noqa: ANN401 - of the driver, which has no types
    """Have a connection of psycopg2 give as a text what is no date or time of Python's."""
    for name in _KINDS:
        kind = getattr(extensions, name)
        extensions.register_type(extensions.new_type(kind.values, f"ANY_{name}", _reading(kind)), connection)


def _reading(kind: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def read(text: Any, cursor: Any) -> Any:  # noqa: ANN401 - as above
        if text in _ENDLESS:
            return text
        try:
            return kind(text, cursor)
        except (ValueError, OverflowError):
            return text

    return read
