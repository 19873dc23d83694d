"""Parsed cells as columns of the declared types, for the rows that passed.

| declared | Arrow |
|---|---|
| integer | int64 |
| number | float64 |
| decimal | decimal128(38, 18) |
| boolean | bool |
| date | date32 |
| datetime | timestamp in microseconds, UTC |
| time | time64 in microseconds |
| duration | duration in microseconds |
| string | string |
| object, array, any | as they came; from text files the text |

Nanoseconds beyond a microsecond are cut off: no table that these columns go to has them. In a key they are findings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dq.checks.check import Check
from dq.checks.dimensions import schema
from dq.profiling.cells.number_line import Numbers
from dq.profiling.cells.parsing import canonical_decimals
from dq.profiling.cells.texts import as_text
from dq.profiling.cells.values import JSON_TOKENS, Cells
from dq.profiling.tally.recipe import Recipe
from dq.profiling.tally.row_batch import RowBatch
from dq.rows.row_marks import Mark, texts_of
from dq.schema.definition import FieldType

DECIMAL: Final = pa.decimal128(38, 18)
DATETIME: Final = pa.timestamp("us", tz="UTC")
#: The rule that decimals break which do not fit.
DIGITS: Final = "digits"
#: Decimals that fit: 20 digits before the point, 18 behind it.
_FITTING: Final = r"^-?[0-9]{1,20}(?:\.[0-9]{0,18})?$"

#: Types whose nanoseconds beyond a microsecond are cut off.
_CUT_OFF: Final = (FieldType.DATETIME, FieldType.TIME, FieldType.DURATION)
_AS_THEY_CAME: Final = (FieldType.ANY, FieldType.OBJECT, FieldType.ARRAY)
_FROM_NUMBERS: Final[Mapping[FieldType, Callable[[Numbers], pa.Array]]] = {
    FieldType.INTEGER: lambda numbers: pa.array(numbers, pa.int64()),
    FieldType.NUMBER: lambda numbers: pa.array(numbers, pa.float64()),
    FieldType.BOOLEAN: lambda numbers: pa.array(numbers.astype(np.bool_)),
    FieldType.DATE: lambda numbers: pa.array(numbers.astype(np.int32)).view(pa.date32()),
    FieldType.DATETIME: lambda numbers: pa.array(numbers, pa.int64()).view(DATETIME),
    FieldType.TIME: lambda numbers: pa.array(numbers, pa.int64()).view(pa.time64("us")),
    FieldType.DURATION: lambda numbers: pa.array(numbers, pa.int64()).view(pa.duration("us")),
}


def typed_column(column: pa.Array, cells: Cells, kind: FieldType) -> pa.Array:
    """Give a column in its declared type; null where a cell is null, or no value of the type.

    Args:
        column: as it came, for types that stay as they came.
        cells: its cells, parsed.
        kind: the declared type.
    """
    if kind in _AS_THEY_CAME and column.type != JSON_TOKENS:
        return _spread(cells.present.filter(pa.array(_fits(cells))), cells, len(column))
    return _spread(_values(cells, kind), cells, len(column))


def typed_type(column: pa.DataType, kind: FieldType) -> pa.DataType:
    """Give the type that `typed_column` gives a column of this type."""
    if kind in _AS_THEY_CAME:
        return pa.string() if column == JSON_TOKENS else column
    if kind is FieldType.DECIMAL:
        return DECIMAL
    return _FROM_NUMBERS[kind](np.empty(0, np.int64)).type if kind in _FROM_NUMBERS else pa.string()


def typed_columns(recipe: Recipe, batch: RowBatch, cells: Sequence[Cells]) -> dict[int, pa.Array]:
    """Give the declared columns of a batch in their types, by their places, without those that stay as they came."""
    return {
        column.position: typed_column(batch.columns[column.position], own, column.type)
        for column, own in zip(recipe.columns, cells, strict=True)
        if column.declared and not stays(batch.columns[column.position].type, column.type)
    }


def unfit_marks(recipe: Recipe, cells: Sequence[Cells]) -> Iterator[Mark]:
    """Find values with more digits than a column holds: right as they stand, but with no place among typed rows.

    These are decimals, and moments, times and durations of a key that are exact to the nanosecond: two keys that a
    file tells apart would be one in a table. It is the one finding that no verdict counts.
    """
    keys = {at for key in recipe.keys for at in key}
    for at, (column, own) in enumerate(zip(recipe.columns, cells, strict=True)):
        rests = own.parsed.rests
        if at in keys and rests is not None and column.type in _CUT_OFF:
            positions = own.parsed_positions()[rests != 0]
            check = Check(DIGITS, schema.KEY, (column.name,), argument=column.type)
            yield Mark(check, own.row_of(positions), len(positions), texts_of(own, positions))
        if column.type is FieldType.DECIMAL and column.declared and len(own.parsed.cells):
            unfit = ~pc.match_substring_regex(canonical_decimals(as_text(own.parsed.cells)), _FITTING).to_numpy(
                zero_copy_only=False
            )
            if unfit.any():
                positions = own.parsed_positions()[unfit]
                check = Check(DIGITS, schema.KEY, (column.name,))
                yield Mark(check, own.row_of(positions), len(unfit), texts_of(own, positions))


def stays(column: pa.DataType, kind: FieldType) -> bool:
    """Tell whether the values of a column are as they came; in texts some may be declared as missing."""
    return kind in _AS_THEY_CAME and not pa.types.is_string(column)


def _values(cells: Cells, kind: FieldType) -> pa.Array:
    """Give the values of the cells that parse."""
    parsed = cells.parsed
    if kind is FieldType.DECIMAL:
        text = canonical_decimals(as_text(parsed.cells))
        fitting = pc.if_else(pc.match_substring_regex(text, _FITTING), text, pa.scalar(None, pa.string()))
        return pc.cast(fitting, DECIMAL)
    if kind in _FROM_NUMBERS:
        numbers = np.empty(0, np.int64) if parsed.numbers is None else parsed.numbers
        return _FROM_NUMBERS[kind](numbers)
    return as_text(parsed.cells)


def _fits(cells: Cells) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.ones(len(cells.present), np.bool_) if cells.parsed.ok is None else cells.parsed.ok


def _spread(values: pa.Array, cells: Cells, rows: int) -> pa.Array:
    """Put values where their cells stand among all rows."""
    if len(values) == rows:
        return values
    places = np.full(rows, -1, np.int64)
    places[cells.row_of(cells.parsed_positions())] = np.arange(len(values), dtype=np.int64)
    return values.take(pa.array(places, mask=places < 0))
