"""Patterns: here the whole value matches, in ODCS any part of it does."""

from __future__ import annotations

import re
from typing import Final

_OURS: Final = re.compile(r"\^\(\?:(.*)\)\$", re.DOTALL)


def searching(whole: str) -> str:
    """Write a pattern of whole values as one that is looked for.

    >>> searching("[A-Z]{2}")
    '^(?:[A-Z]{2})$'
    """
    return f"^(?:{whole})$"


def whole(searched: str) -> str:
    """Write a pattern that is looked for as one of whole values.

    >>> whole("^(?:[A-Z]{2})$"), whole("^A|B$"), whole("[0-9]")
    ('[A-Z]{2}', '(?s:.*)(?:^A|B$)(?s:.*)', '(?s:.*)(?:[0-9])(?s:.*)')
    """
    ours = _OURS.fullmatch(searched)
    if ours is not None and searched == searching(ours[1]) and _is_closed(ours[1]):
        return ours[1]
    if "|" not in searched and searched.startswith("^") and searched.endswith("$") and not searched.endswith(r"\$"):
        return searched[1:-1]
    return f"(?s:.*)(?:{searched})(?s:.*)"


def _is_closed(pattern: str) -> bool:
    """Whether brackets of a pattern close inside it, so that the ones around it belong together."""
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True
