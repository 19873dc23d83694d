"""Typed cells written as text: the same text for the same value, whatever carries it."""

from __future__ import annotations

import re
from decimal import Decimal

import orjson
import pyarrow as pa
import pyarrow.compute as pc

#: An exponent of a number so large that it could be written in full.
_LARGE = r"e\+(?:\d|1\d|20)$"
_FEW_DIGITS = re.compile(_LARGE)


def as_text(cells: pa.Array) -> pa.StringArray:
    """Write typed cells as text: numbers shortest, dates ISO, nested values as JSON, bytes as hexadecimal."""
    kind = cells.type
    if pa.types.is_string(kind):
        return cells
    if pa.types.is_timestamp(kind):
        return _moment_text(cells)
    if pa.types.is_decimal(kind):
        text = pc.cast(cells, pa.string())
        return text if not pc.any(pc.match_substring(text, "E")).as_py() else _plain_text(text)
    if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return pa.array([nested_text(cell) for cell in cells.to_pylist()], pa.string())
    text = pc.cast(cells, pa.string())
    if pa.types.is_time(kind):
        return pc.replace_substring_regex(text, r"\.0+$", "")
    return _without_large_exponents(text) if pa.types.is_floating(kind) else text


def _without_large_exponents(text: pa.StringArray) -> pa.StringArray:
    """Write floats of up to 21 digits in full, which Arrow does of up to ten: 441234567890, not 4.4123456789e+11."""
    if not pc.any(pc.match_substring_regex(text, _LARGE)).as_py():
        return text
    encoded = text.dictionary_encode()
    plain = [
        format(Decimal(cell), "f") if cell and _FEW_DIGITS.search(cell) else cell
        for cell in encoded.dictionary.to_pylist()
    ]
    return pa.array(plain, pa.string()).take(encoded.indices)


def _moment_text(cells: pa.Array) -> pa.StringArray:
    """Write moments in UTC, with the fraction of a second only where there is one, to microseconds."""
    kind = cells.type
    if kind.unit == "ns":
        cells = pc.floor_temporal(cells, unit="microsecond")
    try:
        cells = pc.cast(cells, pa.timestamp("us", kind.tz))
    except pa.ArrowInvalid:  # so far from today that only seconds can tell
        cells = pc.cast(cells, pa.timestamp("s", kind.tz), safe=False)
    cells = pc.cast(cells, pa.timestamp(cells.type.unit), safe=False)
    return pc.replace_substring_regex(pc.strftime(cells, "%Y-%m-%dT%H:%M:%S"), r"\.0+$", "")


def _plain_text(text: pa.StringArray) -> pa.StringArray:
    """Write decimals without the exponent that Arrow gives very small ones, and zeros of many places."""
    encoded = text.dictionary_encode()
    plain = [format(Decimal(cell), "f") for cell in encoded.dictionary.to_pylist()]
    return pa.array(plain, pa.string()).take(encoded.indices)


def nested_text(cell: object) -> str | None:
    """Write one nested value as JSON, bytes as hexadecimal; None of None."""
    if cell is None:
        return None
    if isinstance(cell, bytes):
        return cell.hex()
    return orjson.dumps(cell, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
