"""What the cells of a sheet are beside numbers and texts: moments with and without a time, times, durations, errors.

A cell of a sheet is a number with a format, and a moment at midnight looks like a date to whoever reads it. So what a
date or a moment is depends on what its field asks for, never on its neighbours in the column.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from dq.profiling.cells.number_line import Mask
from dq.profiling.cells.physical import type_family
from dq.profiling.cells.texts import as_text
from dq.schema.definition import FieldType


def is_date_or_moment(kind: pa.DataType) -> bool:
    """Tell whether the cells of a column are dates or moments."""
    return bool(pa.types.is_date(kind) or pa.types.is_timestamp(kind))


def moments_for(present: pa.Array, kind: FieldType) -> tuple[pa.Array, Mask | None, pa.Array]:
    """Read dates and moments as a field of type `kind` wants them.

    Gives the cells as they are shown, those of them that are of that type, as dates, moments or texts, and between the
    two which ones these are (None: all, or none).
    A date field takes those at midnight, a datetime field all, one of any type shows as little as it needs.
    """
    if kind is FieldType.DATE and pa.types.is_date(present.type):
        return present, None, present
    moments = present.cast(pa.timestamp("us"))
    if kind is FieldType.DATETIME:
        return moments, None, moments
    days = pc.floor_temporal(moments, unit="day")
    at_midnight = pc.equal(days, moments)
    shown = pc.if_else(at_midnight, as_text(days.cast(pa.date32())), as_text(moments))
    if kind is FieldType.ANY:
        return shown, None, shown
    if kind is not FieldType.DATE:
        return shown, None, shown.slice(0, 0)
    dates = days.filter(at_midnight).cast(pa.date32())
    return shown, None if len(dates) == len(days) else at_midnight.to_numpy(zero_copy_only=False), dates


def suggested_type(column: pa.Array) -> FieldType:
    """Suggest the type of a column nobody declared by its first rows; one of several kinds of cells may hold any.

    Errors suggest nothing. A column of JSON tokens is a struct of one field.
    """
    kind = column.type
    if pa.types.is_struct(kind):
        tokens = column.field(0).drop_null()
        return FieldType.NUMBER if _are_numbers_and_errors(tokens) else FieldType.ANY
    if pa.types.is_floating(kind):
        whole = pc.all(pc.and_(pc.equal(pc.floor(column), column), pc.less(pc.abs(column), 2.0**53))).as_py()
        return FieldType.INTEGER if whole else FieldType.NUMBER
    if pa.types.is_null(kind) or pa.types.is_string(kind):
        return FieldType.STRING
    return type_family(kind)


def _are_numbers_and_errors(tokens: pa.StringArray) -> bool:
    values = [sheet_value(orjson.loads(token)) for token in pc.unique(tokens).to_pylist()]
    numbers = [value for value in values if type(value) in (int, float)]
    return bool(numbers) and len(numbers) + sum(isinstance(value, SheetError) for value in values) == len(values)


@dataclass(frozen=True, slots=True)
class SheetError:
    """An error cell: what it shows, which is a value of no type."""

    shown: str


def sheet_value(token: object) -> object:
    """Give what a token of a mixed column stands for: errors, moments, times and durations are objects of one key."""
    match token:
        case {"error": str(shown)}:
            return SheetError(shown)
        case {"moment": str(text)}:
            return datetime.fromisoformat(text)
        case {"time": str(text)}:
            return time.fromisoformat(text)
        case {"duration": int(microseconds)}:
            return timedelta(microseconds=microseconds)
    return token


def sheet_texts(values: Sequence[object]) -> list[str | None]:
    """Show cells of a mixed column, all of one type, that are no values of its field's type; numbers as cells do."""
    if not values or isinstance(values[0], str):
        return [str(value) for value in values]
    if isinstance(values[0], SheetError):
        return [value.shown for value in values if isinstance(value, SheetError)]
    cells = pa.array(values)
    shown = moments_for(cells, FieldType.STRING)[0] if is_date_or_moment(cells.type) else cells
    texts: list[str | None] = as_text(shown).to_pylist()
    return texts
