"""Single letters made capital or small, never into two: done twice, it is as done once."""

from __future__ import annotations


def capitalized(word: str) -> str:
    """Give a word with a capital letter first and small ones behind it.

    >>> capitalized("ÉCOLE"), capitalized("ŉa"), capitalized("İSTANBUL"), capitalized("iSLA")
    ('École', 'ŉa', 'İstanbul', 'Isla')
    """
    first = word[:1].title()
    return (first if len(first) == 1 and word[:1].isalpha() else word[:1]) + small(word[1:])


def small(word: str) -> str:
    """Give a word in small letters; the dot of a Turkish capital İ stays on the letter.

    >>> small("ÇİĞDEM")
    'çiğdem'
    """
    return word.replace("İ", "i").lower()
