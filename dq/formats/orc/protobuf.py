"""Messages of protobuf, as far as the tail of an ORC file needs them: fields by their numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

#: A field of a message: its number, its value, and its bytes with the number before them.
Field: TypeAlias = "tuple[int, int | bytes, bytes]"

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_WIDTHS = {_FIXED64: 8, _FIXED32: 4}
_LAST = 0x7F
_LONGEST_NUMBER = 10


def numbers_of(fields: Sequence[Field], number: int) -> Iterator[int]:
    """Give numbers that stand in fields of their own, or several in one."""
    for at, value, _ in fields:
        if at == number and isinstance(value, int):
            yield value
        elif at == number and isinstance(value, bytes):
            place = 0
            while place < len(value):
                one, place = _varint(value, place)
                yield one


def messages_of(fields: Sequence[Field], number: int) -> list[bytes]:
    """Give all messages, or texts, in fields of this number."""
    return [value for at, value, _ in fields if at == number and isinstance(value, bytes)]


def number_of(fields: Sequence[Field], number: int) -> int:
    """Give the number in the field of this number, 0 where it is left out."""
    return next((value for at, value, _ in fields if at == number and isinstance(value, int)), 0)


def signed(number: int) -> int:
    """Undo the order 0, -1, 1, -2, ... of signed numbers."""
    return number >> 1 ^ -(number & 1)


def fields_of(message: bytes) -> Iterator[Field]:
    """Take a protobuf message apart; raises ValueError for what is none."""
    at = 0
    while at < len(message):
        begin = at
        key, at = _varint(message, at)
        value: int | bytes
        if key & 7 == _VARINT:
            value, at = _varint(message, at)
        else:
            width = _WIDTHS.get(key & 7)
            if key & 7 == _BYTES:
                width, at = _varint(message, at)
            if width is None or at + width > len(message):
                raise ValueError("a message that is cut off")
            value = message[at : at + width]
            at += width
        yield key >> 3, value, message[begin:at]


def _varint(message: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    for byte in message[at : at + _LONGEST_NUMBER]:
        number |= (byte & _LAST) << shift
        shift += 7
        at += 1
        if byte <= _LAST:
            return number, at
    raise ValueError("a number that is cut off")


def encoded(number: int, value: int | bytes) -> bytes:
    """Write one field."""
    if isinstance(value, bytes):
        return _seven_bits(number << 3 | _BYTES) + _seven_bits(len(value)) + value
    return _seven_bits(number << 3 | _VARINT) + _seven_bits(value)


def _seven_bits(number: int) -> bytes:
    low, rest = number & _LAST, number >> 7
    return bytes([low | 0x80]) + _seven_bits(rest) if rest else bytes([low])
