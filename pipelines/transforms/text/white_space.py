"""White space of any kind, and characters nobody can see, the same in every kernel and whatever its version."""

from __future__ import annotations

from typing import Final

#: What Unicode calls white space, the plain space first.
WHITE: Final = (
    " \t\n\v\f\r\x1c\x1d\x1e\x1f\x85\xa0\u1680"
    + "".join(map(chr, range(0x2000, 0x200B)))
    + ("\u2028\u2029\u202f\u205f\u3000")
)
#: Zero width space, word joiner, byte order mark, marks of direction.
INVISIBLE: Final = "\u200b\u2060\ufeff\u200e\u200f"

#: As members of a class in an RE2 expression.
WHITE_CLASS: Final = "".join(f"\\x{{{ord(character):x}}}" for character in WHITE)
ODD_WHITE_CLASS: Final = "".join(f"\\x{{{ord(character):x}}}" for character in WHITE[1:])
