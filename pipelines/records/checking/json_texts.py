"""Columns as JSON: the text of each cell, and objects put together from them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from dq import as_text

#: Characters that a JSON text cannot have as they are.
_ESCAPED: Final = r'["\\\x00-\x1f]'
_SPACE, _QUOTE, _BACKSLASH = b' "\\'
_NULL: Final = "null"


def json_cells(column: pa.Array) -> pa.StringArray:
    r"""Write each cell as a JSON value: numbers and truth values bare, all else as texts; null of null.

    >>> json_cells(pa.array(["a", 'say "hi"', None])).to_pylist(), json_cells(pa.array([1, None])).to_pylist()
    (['"a"', '"say \\"hi\\""', 'null'], ['1', 'null'])
    """
    kind, text = column.type, as_text(column)
    if (
        pa.types.is_boolean(kind)
        or pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_decimal(kind)
    ):
        return pc.fill_null(text, _NULL)
    if pa.types.is_timestamp(kind):  # all of them are UTC, and whoever reads a record has to be told
        text = pc.binary_join_element_wise(text, pa.scalar("Z"), "")
    return pc.fill_null(_quoted(text), _NULL)


def json_objects(cells: Mapping[str, pa.StringArray]) -> pa.StringArray:
    """Write objects, one a row, from the cells of their properties as JSON."""
    pieces: list[pa.StringArray | pa.StringScalar] = []
    for at, (name, column) in enumerate(cells.items()):
        opening = "," if at else "{"
        pieces += [pa.scalar(f"{opening}{orjson.dumps(name).decode()}:"), column]
    return pc.binary_join_element_wise(*pieces, pa.scalar("}"), "")


def _may_have_escaped(text: pa.StringArray) -> bool:
    """Look at the bytes of all texts at once: a pattern tried on each of them takes ten times as long."""
    if not len(text):
        return False
    _, ends, data = text.buffers()
    places = np.frombuffer(ends, np.int32)[[text.offset, text.offset + len(text)]]
    found = np.frombuffer(data or b"", np.uint8)[slice(*places)]
    return bool((found < _SPACE).any() or (found == _QUOTE).any() or (found == _BACKSLASH).any())


def _quoted(text: pa.StringArray) -> pa.StringArray:
    plain = pc.binary_join_element_wise(pa.scalar('"'), text, pa.scalar('"'), "")
    if not _may_have_escaped(text):
        return plain
    odd = pc.match_substring_regex(text, _ESCAPED)
    written = [orjson.dumps(cell).decode() for cell in text.filter(odd).to_pylist()]
    return pc.replace_with_mask(plain, pc.fill_null(odd, fill_value=False), pa.array(written, pa.string()))
