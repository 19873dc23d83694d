"""What a spreadsheet takes for a formula when it opens a CSV file, and how it is kept from doing so."""

from __future__ import annotations

from typing import Final

#: The characters that begin one, as OWASP's page on CSV injection lists them.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def guarded(text: str) -> str:
    """Give a text with an apostrophe before it, where a spreadsheet would take it for a formula.

    >>> guarded("=1+1"), guarded("ada")
    ("'=1+1", 'ada')
    """
    return f"'{text}" if text.startswith(_FORMULA) else text
