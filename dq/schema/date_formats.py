"""Formats of dates and times: checked when the definition is loaded, not at the first cell."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from dq.schema.definition import FieldType

MAX_LENGTH: Final = 100

#: The directives strptime knows in every supported Python.
_DIRECTIVES: Final = frozenset("aAwdbBmyYHIMSfzZjUWcxXGuV%")
_YEARS: Final = frozenset("yYGcx")
_DATED: Final = frozenset({FieldType.DATE, FieldType.DATETIME})
_PROBE: Final = datetime.fromisoformat("2001-02-03T04:05:06.000007+00:00")


def format_problem(date_format: str, field_type: FieldType) -> str | None:
    """Say why a strptime format cannot be used for a field of this type, or None when it can."""
    if not date_format or len(date_format) > MAX_LENGTH:
        return f"must have 1 to {MAX_LENGTH} characters"
    directives = re.findall(r"%(.?)", date_format, re.DOTALL)
    unknown = sorted({f"%{letter}" for letter in directives if letter not in _DIRECTIVES or not letter})
    if unknown:
        return f"uses {', '.join(unknown)}, which strptime does not know; expected something like %Y-%m-%d"
    if not set(directives) - {"%"}:
        return "has no directive; expected something like %Y-%m-%d"
    if field_type in _DATED and not _YEARS & set(directives):
        return "has no year; expected %Y, %y or %G in it"
    try:
        datetime.strptime(_PROBE.strftime(date_format), date_format)  # noqa: DTZ007 - only the parsing counts
    except (ValueError, OverflowError, re.error):  # re.error: one directive twice, on some Pythons
        return "cannot be read back by strptime; directives may be repeated or contradict each other"
    return None
