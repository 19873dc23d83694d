"""The parts of an expression in the rows of one batch: a value each, or unknown.

Unknown is what is null, what is no value of its type, and what cannot be computed. Values that stand there stand for
nothing where they are unknown: 0, false, or null.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dq.profiling.cells.number_line import Mask, Numbers, as_number, rest_of
from dq.profiling.cells.parsing import Parsed
from dq.profiling.cells.texts import as_text
from dq.profiling.cells.values import Cells
from dq.profiling.row_rules.exact_numbers import (
    ExactNumbers,
    added,
    as_doubles,
    exact_number,
    from_decimal_text,
    multiplied,
)
from dq.schema.definition import FieldType
from dq.schema.expressions.kinds import TEXTS
from dq.schema.expressions.syntax import Literal

_MICROSECONDS, _NANOSECONDS = 6, 9
_SECONDS_OF_DAY = exact_number(86_400)

#: Exact numbers (dates as days, what else is measured in time as seconds), doubles, texts, or truth values.
Values: TypeAlias = "ExactNumbers | npt.NDArray[np.float64] | pa.StringArray | Mask"


@dataclass(frozen=True, slots=True, eq=False)
class Operand:
    """Values of one type, one for each row or a single one for all of them, and which of them are known."""

    kind: FieldType
    values: Values
    known: Mask

    def mask(self) -> Mask:
        """Give truth values, false where they are unknown."""
        return np.asarray(self.values, np.bool_)

    def doubles(self) -> npt.NDArray[np.float64]:
        """Give numbers as doubles."""
        return as_doubles(self.values) if isinstance(self.values, ExactNumbers) else np.asarray(self.values)

    def exact(self) -> ExactNumbers:
        """Give exact numbers as they are."""
        if isinstance(self.values, ExactNumbers):
            return self.values
        message = f"{self.kind.value} is no exact number"
        raise TypeError(message)

    def seconds(self) -> ExactNumbers:
        """Give what is measured in time in seconds, a date as the start of its day."""
        return multiplied(self.exact(), _SECONDS_OF_DAY) if self.kind is FieldType.DATE else self.exact()


def truth(values: Mask, known: Mask) -> Operand:
    """Give truth values, false where they are unknown."""
    return Operand(FieldType.BOOLEAN, values & known, known)


def operand_of_literal(literal: Literal) -> Operand:
    """Give a value that is the same in all rows."""
    kind, value, known = literal.kind, literal.value, np.ones(1, np.bool_)
    if kind in TEXTS:
        return Operand(kind, pa.array([str(value)], pa.string()), known)
    if kind is FieldType.BOOLEAN:
        return truth(np.array([bool(value)]), known)
    if kind is FieldType.NUMBER:
        return Operand(kind, np.array([value], np.float64), known)
    if kind is FieldType.DECIMAL:
        return Operand(kind, from_decimal_text(pa.array([format(value, "f")]))[0], known)
    number = exact_number(int(as_number(value)), _MICROSECONDS if kind in _IN_SECONDS else 0)
    rest = rest_of(value)
    return Operand(kind, added(number, exact_number(rest, _NANOSECONDS)) if rest else number, known)


def operand_of_cells(cells: Cells, kind: FieldType, rows: int) -> Operand:
    """Give the values of a column of a batch of so many rows."""
    parsed = cells.parsed
    if cells.rows is None and parsed.ok is None:
        values, fits = _values(parsed, kind, _as_they_are, None)
        return Operand(kind, values, np.ones(rows, np.bool_) if fits is None else fits)
    where = cells.row_of(cells.parsed_positions())
    known = np.zeros(rows, np.bool_)
    known[where] = True

    def spread(values: Numbers) -> Numbers:
        wide = np.zeros(rows, values.dtype)
        wide[where] = values
        return wide

    values, fits = _values(parsed, kind, spread, known)
    if fits is not None:
        known[where[~fits]] = False
    return Operand(kind, values, known)


def present_in(cells: Cells, rows: int) -> Mask:
    """Tell in which rows of a batch a column is not null."""
    if cells.rows is None:
        return np.ones(rows, np.bool_)
    present = np.zeros(rows, np.bool_)
    present[cells.rows] = True
    return present


#: What the values of a type are that are no exact numbers.
_NOTHING: dict[FieldType, type[np.generic]] = {FieldType.NUMBER: np.float64, FieldType.BOOLEAN: np.bool_}
_IN_SECONDS = (FieldType.DATETIME, FieldType.TIME, FieldType.DURATION)


def _as_they_are(values: Numbers) -> Numbers:
    return values


def _values(
    parsed: Parsed, kind: FieldType, spread: Callable[[Numbers], Numbers], known: Mask | None
) -> tuple[Values, Mask | None]:
    """Give the values of cells, spread over the rows, and which of the cells are no values after all."""
    if kind in TEXTS:
        return _texts(as_text(parsed.cells), known), None
    if kind is FieldType.DECIMAL:
        number, fits = from_decimal_text(as_text(parsed.cells))
        return ExactNumbers(spread(number.units), number.places), fits
    if parsed.numbers is None:  # a column of another type
        nothing = spread(np.empty(0, _NOTHING.get(kind, np.int64)))
        return (nothing if kind in _NOTHING else ExactNumbers(nothing)), None
    numbers = spread(parsed.numbers)
    if kind is FieldType.NUMBER:
        return numbers, None
    if kind is FieldType.BOOLEAN:
        return numbers != 0, None
    number = ExactNumbers(numbers, _MICROSECONDS if kind in _IN_SECONDS else 0)
    return number if parsed.rests is None else added(number, ExactNumbers(spread(parsed.rests), _NANOSECONDS)), None


def _texts(cells: pa.StringArray, known: Mask | None) -> pa.StringArray:
    if known is None:
        return cells
    places = np.cumsum(known) - 1
    return cells.take(pa.array(places, mask=~known))
