"""Columns of any file as texts, for whoever writes the texts anew, and back again.

A text file has texts anyway. Elsewhere a number becomes the text that a text file would have for it, and the new text
is read as that file's would be (`WRITTEN`): what comes of a cell depends on its value alone, never on the format, nor
on the cells that happened to be read with it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, Final

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from dq.profiling.cells.physical import WRITTEN, type_family
from dq.profiling.cells.sheet_cells import sheet_texts, sheet_value
from dq.profiling.cells.texts import as_text
from dq.profiling.cells.values import JSON_TOKENS
from dq.profiling.tally.recipe import CellEncoding
from dq.schema.definition import FieldType

_NUMBERS: Final = (FieldType.INTEGER, FieldType.NUMBER, FieldType.DECIMAL)
Change = Callable[[pa.StringArray], pa.StringArray]


def texts_rewritten(column: pa.Array, change: Change) -> pa.Array:
    """Give a column whose texts went through `change`, which leaves nulls; the same object where none became another.

    Cells that are no texts stay, also those that stand among texts.

    >>> texts_rewritten(pa.array([1]), pc.utf8_upper).to_pylist()
    [1]
    """
    if pa.types.is_string(column.type):
        after = change(column)
        return column if after.equals(column) else after
    if column.type != JSON_TOKENS:
        return column
    encoded = column.field(0).dictionary_encode()
    values = [orjson.loads(token) for token in encoded.dictionary.to_pylist()]
    texts = [value if isinstance(value, str) else None for value in values]
    new = change(pa.array(texts, pa.string())).to_pylist()
    if new == texts:
        return column
    tokens = [
        token if text is None else None if changed is None else orjson.dumps(changed).decode()
        for token, text, changed in zip(encoded.dictionary.to_pylist(), texts, new, strict=True)
    ]
    return pa.StructArray.from_arrays([pa.array(tokens, pa.string()).take(encoded.indices)], fields=list(JSON_TOKENS))


def cells_rewritten(
    column: pa.Array, kind: FieldType, encoding: CellEncoding, change: Change, leaves: Collection[FieldType] = ()
) -> pa.Array | None:
    """Give a column whose texts and numbers went through `change` as texts; None where a typed file has neither.

    The same object where nothing has changed. Among cells of all kinds, others than texts and numbers stay as they are.

    Args:
        column: as a file has it.
        kind: the declared type.
        encoding: of the file.
        change: leaves nulls.
        leaves: types whose values may stay as they are, for they are what `change` would make.
    """
    family = type_family(column.type)
    if pa.types.is_null(column.type) or family in leaves:
        return column
    if encoding is CellEncoding.TEXT:
        return texts_rewritten(column, change)
    strange = pa.repeat(pa.scalar(value=False), len(column))
    if column.type == JSON_TOKENS:
        texts, strange = _of_tokens(column.field(0), encoding, leaves)
    elif family is FieldType.STRING or family in _NUMBERS:
        texts = as_text(column)
    elif encoding is CellEncoding.TYPED:
        return None
    else:
        texts, strange = as_text(column), column.is_valid()
    after = pc.if_else(strange, texts, change(pc.if_else(strange, pa.scalar(None, pa.string()), texts)))
    if family is FieldType.STRING and kind is FieldType.STRING:
        return column if after.equals(column) else after
    return pa.StructArray.from_arrays([after, strange], fields=list(WRITTEN))


def _of_tokens(
    tokens: pa.StringArray, encoding: CellEncoding, leaves: Collection[FieldType]
) -> tuple[pa.StringArray, pa.BooleanArray]:
    """Give the texts of the cells of a mixed column, and which of them stand for neither a text nor a number."""
    encoded = tokens.dictionary_encode()
    values = [orjson.loads(token) for token in encoded.dictionary.to_pylist()]
    if encoding is CellEncoding.SHEET:
        values = list(map(sheet_value, values))
    texts, strange = list[str | None](), list[bool]()
    for token, value in zip(encoded.dictionary.to_pylist(), values, strict=True):
        texts.append(_text(value, token, encoding))
        strange.append(not _is_plain(value) and type_family(_type_of([value])) not in leaves)
    at = encoded.indices
    return pa.array(texts, pa.string()).take(at), pc.fill_null(pa.array(strange, pa.bool_()).take(at), fill_value=False)


def _is_plain(value: object) -> bool:
    return isinstance(value, (str, int, float)) and not isinstance(value, bool)


def _text(value: Any, token: str, encoding: CellEncoding) -> str | None:  # noqa: ANN401 - any JSON value
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        text: str = as_text(pa.array([value]))[0].as_py()
        return text
    return sheet_texts([value])[0] if encoding is CellEncoding.SHEET else token


def _type_of(values: Sequence[object]) -> pa.DataType:
    try:
        return pa.array(values).type
    except pa.ArrowInvalid:  # an error cell, which is a value of no type
        return pa.null()
