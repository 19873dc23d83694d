"""Formats of dates and times: checked when the definition is loaded, not at the first cell."""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache
from typing import Final

from dq.schema.definition import FieldType

MAX_LENGTH: Final = 100

#: The directives strptime knows in every supported Python.
_DIRECTIVES: Final = frozenset("aAwdbBmyYHIMSfzZjUWcxXGuV%")
_YEARS: Final = frozenset("yYGcx")
_DATED: Final = frozenset({FieldType.DATE, FieldType.DATETIME})
#: Digits that a directive takes, no more and no fewer.
_DIGITS: Final = {"Y": 4, "G": 4, "j": 3, "u": 1, "w": 1, **dict.fromkeys("ymdHIMSUWV", 2)}
_PROBE: Final = datetime.fromisoformat("2001-02-03T04:05:06.000007+00:00")


@lru_cache(maxsize=64)
def shape_of(date_format: str) -> re.Pattern[str]:
    """Give the expression that texts of a strptime format match: Python's own strptime also takes fewer digits."""
    expression = ""
    for directive, literal in re.findall(r"%(.)|([^%]+)", date_format, re.DOTALL):
        if literal:
            expression += "".join(r"\s+" if part.isspace() else re.escape(part) for part in re.split(r"(\s+)", literal))
        elif directive in _DIGITS:
            expression += f"[0-9]{{{_DIGITS[directive]}}}"
        elif directive == "f":
            expression += "[0-9]{1,6}"
        else:
            expression += "%" if directive == "%" else ".+?"
    return re.compile(expression, re.DOTALL | re.IGNORECASE)


def format_problem(date_format: str, field_type: FieldType) -> str | None:
    """Say why a strptime format cannot be used for a field of this type, or None when it can."""
    if not date_format or len(date_format) > MAX_LENGTH:
        return f"must have 1 to {MAX_LENGTH} characters"
    directives = re.findall(r"%(.?)", date_format, re.DOTALL)
    unknown = sorted({f"%{letter}" for letter in directives if letter not in _DIRECTIVES or not letter})
    if unknown:
        twelve = "; times of 12 hours are not read" if "%p" in unknown or "%I" in unknown else ""
        return f"uses {', '.join(unknown)}, which is not read{twelve}; expected something like %Y-%m-%d %H:%M:%S"
    if not set(directives) - {"%"}:
        return "has no directive; expected something like %Y-%m-%d"
    if field_type in _DATED and not _YEARS & set(directives):
        return "has no year; expected %Y, %y or %G in it"
    try:
        datetime.strptime(_PROBE.strftime(date_format), date_format)  # noqa: DTZ007 - only the parsing counts
    except (ValueError, OverflowError, re.error):  # re.error: one directive twice, on some Pythons
        return "cannot be read back by strptime; directives may be repeated or contradict each other"
    return None
