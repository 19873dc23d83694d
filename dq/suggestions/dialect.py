"""How a text file is written: its encoding and its delimiter, from its first bytes."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass
from typing import Final

_DELIMITERS: Final = (",", ";", "\t", "|")
_MOST_LINES: Final = 200
_NUL_SHARE: Final = 4
#: So many of the lines have to have the same number of fields.
_ALIKE: Final = 0.8


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a text file looks like. `delimiter` is None where no character divides its lines alike."""

    encoding: str = "utf-8"
    delimiter: str | None = None

    def written(self) -> dict[str, str]:
        """Give what a definition has to say of it: what is not so by itself."""
        said = {} if self.encoding == "utf-8" else {"encoding": self.encoding}
        return said if self.delimiter in (None, ",") else {"delimiter": str(self.delimiter), **said}


def find_dialect(first: bytes) -> Dialect:
    """Find the dialect of a CSV file in its first bytes; they may end anywhere."""
    encoding = _encoding(first)
    text = first.decode(encoding, "replace").removeprefix("\ufeff")
    lines = text.splitlines(keepends=True)
    if len(lines) > 1:
        lines = lines[:-1]  # it may be cut off
    lines = [line for line in lines[:_MOST_LINES] if line.strip()]
    return Dialect(encoding, _delimiter(lines))


def _encoding(first: bytes) -> str:
    if first.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if first.count(b"\0") * _NUL_SHARE > len(first) > 0:
        return "utf-16-le" if first[1::2].count(b"\0") > first[::2].count(b"\0") else "utf-16-be"
    try:
        first.decode()
    except UnicodeDecodeError as error:
        if error.end >= len(first) and error.reason == "unexpected end of data":
            return "utf-8"
    else:
        return "utf-8"
    try:
        first.decode("windows-1252")
    except UnicodeDecodeError:
        return "latin-1"
    return "windows-1252"


def _delimiter(lines: list[str]) -> str | None:
    """Give the character that divides most lines into the same number of fields, the more fields the better."""
    best: tuple[float, str] | None = None
    for delimiter in _DELIMITERS:
        try:
            counts = Counter(len(row) for row in csv.reader(lines, delimiter=delimiter) if row)
        except csv.Error:
            continue
        fields, alike = counts.most_common(1)[0] if counts else (1, 0)
        share = alike / max(counts.total(), 1)
        if fields > 1 and share >= _ALIKE and (best is None or share * fields > best[0]):
            best = (share * fields, delimiter)
    return best[1] if best else None
