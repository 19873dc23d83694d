"""The records that parts of xlsb files consist of: a number, a length, both in 7 bits a byte, and a body."""

from __future__ import annotations

from collections.abc import Iterator


def wide_records(content: bytes) -> Iterator[tuple[int, int]]:
    """Give the number of each record, and the place of its body."""
    at, end = 0, len(content)
    while at + 1 < end:
        number = content[at]
        at += 1
        if number & 0x80:
            number = number & 0x7F | (content[at] & 0x7F) << 7
            at += 1
        length = shift = 0
        while at < end:
            byte = content[at]
            at += 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                break
        yield number, at
        at += length
