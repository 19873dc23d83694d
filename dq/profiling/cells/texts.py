"""Typed cells written as text: the same text for the same value, whatever carries it."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from dq.profiling.cells.written_moments import temporal_text

#: An exponent of a number so large that it could be written in full.
_LARGE = r"e\+(?:\d|1\d|20)$"
_FEW_DIGITS = re.compile(_LARGE)


def as_text(cells: pa.Array) -> pa.StringArray:
    """Write typed cells as text: numbers shortest, dates ISO, nested values as JSON, bytes as hexadecimal."""
    kind = cells.type
    if pa.types.is_string(kind):
        return cells
    text = temporal_text(cells)
    if text is not None:
        return text
    if pa.types.is_decimal(kind):
        text = pc.cast(cells, pa.string())
        return text if not pc.any(pc.match_substring(text, "E")).as_py() else _plain_text(text)
    if pa.types.is_nested(kind) or _is_bytes(kind):
        return pa.array([cell if isinstance(cell, str) else nested_text(cell) for cell in _values(cells)], pa.string())
    text = pc.cast(cells, pa.string())
    return _without_large_exponents(text) if pa.types.is_floating(kind) else text


def offsets_of(texts: pa.StringArray) -> npt.NDArray[np.int32]:
    """Give where each text begins in the bytes behind an array, and where the last one ends."""
    if not len(texts):
        return np.zeros(1, np.int32)
    offsets = np.frombuffer(texts.buffers()[1], np.int32)
    return offsets[texts.offset : texts.offset + len(texts) + 1]


def bytes_of(texts: pa.StringArray) -> bytes:
    """Give the bytes of all texts, one after the other."""
    offsets, data = offsets_of(texts), texts.buffers()[2]
    return data.slice(int(offsets[0]), int(offsets[-1] - offsets[0])).to_pybytes() if data is not None else b""


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


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_fixed_size_binary(kind) or pa.types.is_large_binary(kind))


def _values(cells: pa.Array) -> list[Any]:
    """Give cells as Python's values, those within them that it cannot hold, or JSON does not know, as texts.

    Python knows the years 1 to 9999, and microseconds: of anything else Arrow raises an error.
    """
    kind = cells.type
    if isinstance(cells, pa.ExtensionArray):
        return _values(cells.storage)
    if pa.types.is_dictionary(kind):
        return _values(cells.dictionary_decode())
    if pa.types.is_nested(kind) and not pa.types.is_union(kind):
        return _nested_values(cells)
    if _is_bytes(kind):
        return [None if cell is None else cell.hex() for cell in cells.to_pylist()]
    texts = temporal_text(cells)
    values: list[Any] = (cells if texts is None else texts).to_pylist()
    return values


def _nested_values(cells: pa.Array) -> list[Any]:
    kind = cells.type
    if pa.types.is_struct(kind):
        columns = [_values(cells.field(at)) for at in range(kind.num_fields)]
        names = [field.name for field in kind]
        rows = zip(*columns, strict=True) if columns else [()] * len(cells)
        return [
            dict(zip(names, row, strict=True)) if valid else None
            for row, valid in zip(rows, cells.is_valid().to_pylist(), strict=True)
        ]
    if pa.types.is_map(kind):
        inner = pa.StructArray.from_arrays([cells.keys, cells.items], ["key", "value"])
        return [None if one is None else [tuple(pair.values()) for pair in one] for one in _lists(cells, inner)]
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _lists(cells, cells.values)
    return _nested_values(cells.cast(pa.large_list(kind.value_type)))  # lists of another layout


def _lists(cells: pa.Array, inner: pa.Array) -> list[Any]:
    """Give lists by what is in all of them."""
    ends = cells.offsets.to_pylist()
    values = _values(inner.slice(ends[0], ends[-1] - ends[0]))
    return [
        values[start - ends[0] : end - ends[0]] if valid else None
        for start, end, valid in zip(ends, ends[1:], cells.is_valid().to_pylist(), strict=False)
    ]


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
