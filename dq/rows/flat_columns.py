"""Columns of types that every table has: numbers, truth values, dates, moments, texts; all others are texts there."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa

from dq.profiling.cells.texts import as_text
from dq.profiling.cells.values import Cells
from dq.rows.columns.typed_columns import typed_column, typed_type
from dq.schema.definition import FieldType

_FLAT: Final = frozenset(
    {
        FieldType.INTEGER,
        FieldType.NUMBER,
        FieldType.DECIMAL,
        FieldType.BOOLEAN,
        FieldType.DATE,
        FieldType.DATETIME,
        FieldType.STRING,
    }
)


def flat_type(kind: FieldType) -> pa.DataType:
    """Give the type that a table has for values of a declared type."""
    return typed_type(pa.string(), kind) if kind in _FLAT else pa.string()


def flat_column(column: pa.Array, cells: Cells, kind: FieldType) -> pa.Array:
    """Give a column as a table has it; null where a cell is null, or no value of a type that the table has.

    Args:
        column: as it came.
        cells: its cells, parsed.
        kind: the declared type.
    """
    return typed_column(column, cells, kind) if kind in _FLAT else text_column(cells, len(column))


def text_column(cells: Cells, rows: int) -> pa.StringArray:
    """Give the texts of all cells that are there, whatever their types; nested ones as JSON."""
    texts = as_text(cells.present).cast(pa.string())
    if cells.rows is None:
        return texts
    places = np.full(rows, -1, np.int64)
    places[cells.rows] = np.arange(len(texts), dtype=np.int64)
    return texts.take(pa.array(places, mask=places < 0))
