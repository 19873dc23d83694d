"""Formats of dates: strptime's directives and the letters of Java's DateTimeFormatter, as ODCS wants them.

Letters as documented for java.time.format.DateTimeFormatter; only those that take the same digits on both sides.
"""

from __future__ import annotations

import re
from typing import Final

_LETTERS: Final = {
    "%Y": "yyyy",
    "%y": "yy",
    "%m": "MM",
    "%d": "dd",
    "%j": "DDD",
    "%H": "HH",
    "%M": "mm",
    "%S": "ss",
    "%b": "MMM",
    "%B": "MMMM",
    "%a": "EEE",
    "%A": "EEEE",
    "%z": "XXX",
}
_DIRECTIVES: Final = {letters: directive for directive, letters in _LETTERS.items()} | {"uuuu": "%Y", "uu": "%y"}
_STRPTIME: Final = re.compile(r"%(.)|([^%]+)", re.DOTALL)
_JAVA: Final = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+")


def java_format(strptime: str) -> str | None:
    """Write a strptime format with Java's letters; None where a directive has no letters.

    >>> java_format("%d.%m.%Y at %H:%M")
    "dd.MM.yyyy' at 'HH:mm"
    """
    parts = []
    for directive, literal in _STRPTIME.findall(strptime):
        if directive == "%":
            parts.append("%")
        elif directive:
            letters = _LETTERS.get(f"%{directive}")
            if letters is None:
                return None
            parts.append(letters)
        else:
            parts.append(_quoted(literal))
    return "".join(parts)


def strptime_format(java: str) -> str | None:
    """Write a format with Java's letters as strptime's; None where letters have no directive.

    >>> strptime_format("yyyy-MM-dd'T'HH:mm:ss")
    '%Y-%m-%dT%H:%M:%S'
    """
    parts, at = [], 0
    for found in _JAVA.finditer(java):
        if found.start() != at:
            return None
        at = found.end()
        text = found[0]
        if text.startswith("'"):
            parts.append((found[1].replace("''", "'") or "'").replace("%", "%%"))
        elif found[2]:
            directive = _DIRECTIVES.get(text)
            if directive is None:
                return None
            parts.append(directive)
        else:
            parts.append(text.replace("%", "%%"))
    return "".join(parts) if at == len(java) else None


def _quoted(literal: str) -> str:
    if re.search(r"[A-Za-z'\[\]{}#]", literal) is None:
        return literal
    escaped = literal.replace("'", "''")
    return f"'{escaped}'"
