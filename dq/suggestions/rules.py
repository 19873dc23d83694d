"""Rules that one column keeps: which are worth asking of the next file, out of the figures of a typed profile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from math import ceil, floor, isfinite, log10
from typing import TYPE_CHECKING, Any, Final

from dq.schema.definition import FieldType
from dq.suggestions.confidence import wilson_bound
from dq.suggestions.patterns import find_pattern

if TYPE_CHECKING:
    from dq.profiling.summary.summary import ColumnSummary

_MOST_ALLOWED: Final = 20
#: A list of allowed values is one where few of the next values are likely to be new: that share is about as large as
#: that of the values that occurred once (Good, The Population Frequencies of Species, Biometrika 40, 1953).
_MOST_NEW: Final = 0.02
_OFTEN: Final = 5
#: Room beyond the values that were seen, as a share of their span.
_ROOM: Final = 0.25
_MOST_LENGTH: Final = 10_000
#: Whole numbers of a definition have 64 bits, and numbers are compared exactly only where doubles have every whole one.
_LARGEST: Final = 1e15
_RANGED: Final = (FieldType.INTEGER, FieldType.NUMBER, FieldType.DECIMAL)
_KEYED: Final = (FieldType.INTEGER, FieldType.STRING)


@dataclass(frozen=True, slots=True)
class SuggestedRule:
    """One rule of one field: its name and argument in a definition, and how many values kept it of how many.

    `confidence` is Wilson's lower bound of the share that keeps it, at 95 %.
    """

    field: str
    rule: str
    value: Any
    held: int
    of: int

    @property
    def confidence(self) -> float:
        """How sure it is that the next values keep it."""
        return wilson_bound(self.held, self.of)


def column_rules(column: ColumnSummary, shown: list[str]) -> Iterator[SuggestedRule]:
    """Give the rules that every value of a column keeps.

    Args:
        column: its figures over all rows, counted by its type.
        shown: some of its values, as texts.
    """
    kind, values = FieldType(column.type), column.rows - column.nulls
    if not values:
        return
    if not column.nulls:
        yield SuggestedRule(column.name, "required", value=True, held=column.rows, of=column.rows)
    if _is_key(column, kind):
        yield SuggestedRule(column.name, "unique", value=True, held=values, of=values)
    typed = values - column.unparsable
    if kind in _RANGED:
        yield from _range(column, typed)
    elif kind in (FieldType.DATE, FieldType.DATETIME):
        yield from _earliest(column, typed)
    elif kind is FieldType.STRING:
        yield from _of_text(column, typed, shown)


def _is_key(column: ColumnSummary, kind: FieldType) -> bool:
    """Tell whether a column may be a key; whether no value repeats is counted afterwards where this is an estimate."""
    values = column.rows - column.nulls
    least = values * (1 - 3 * column.distinct_error)
    return kind in _KEYED and not column.nulls and column.rows > 1 and column.distinct >= least


def _range(column: ColumnSummary, values: int) -> Iterator[SuggestedRule]:
    low, high = column.minimum, column.maximum
    if not isinstance(low, int | float | Decimal) or not isinstance(high, int | float | Decimal):
        return
    whole = FieldType(column.type) is FieldType.INTEGER
    span = float(high) - float(low)
    least = 0 if low >= 0 else _outward(float(low) - _ROOM * span, floor, whole=whole)
    most = _outward(float(high) + _ROOM * span, ceil, whole=whole)
    if abs(least) < _LARGEST:
        yield SuggestedRule(column.name, "min", _number(least), values, values)
    if abs(most) < _LARGEST and not _is_key(column, FieldType(column.type)):  # numbers of rows go on
        yield SuggestedRule(column.name, "max", _number(most), values, values)


def _outward(value: float, towards: Callable[[float], int], *, whole: bool) -> float:
    """Round to two digits, or to a whole number, away from the values that were seen."""
    if value == 0 or not isfinite(value):
        return value
    step = 10.0 ** (floor(log10(abs(value))) - 1)
    rounded = towards(value / step) * step
    return float(towards(rounded)) if whole else float(rounded)


def _number(value: float) -> float:
    return int(value) if float(value).is_integer() else float(f"{value:.6g}")


def _earliest(column: ColumnSummary, values: int) -> Iterator[SuggestedRule]:
    """Dates go on, so there is no last one; the first is the beginning of the year before."""
    if isinstance(column.minimum, date) and column.minimum.year > 1:
        first = f"{column.minimum.year - 1:04d}-01-01"
        value = first if column.type == FieldType.DATE else f"{first}T00:00:00"
        yield SuggestedRule(column.name, "min", value, values, values)


def _of_text(column: ColumnSummary, values: int, shown: list[str]) -> Iterator[SuggestedRule]:
    top = column.top_values
    complete = not column.distinct_error and not column.top_values_error and len(top) == column.distinct
    once = sum(each.rows == 1 for each in top)
    few = 1 < len(top) <= _MOST_ALLOWED and values >= _OFTEN * len(top)
    if complete and few and once / values <= _MOST_NEW:
        yield SuggestedRule(column.name, "enum", sorted(each.value for each in top), values, values)
        return
    pattern = find_pattern(shown)
    if pattern is not None:
        yield SuggestedRule(column.name, "pattern", pattern, values, values)
        return
    if column.min_length is not None and column.max_length is not None and 0 < column.max_length < _MOST_LENGTH:
        if column.min_length == column.max_length and column.distinct > 1:
            yield SuggestedRule(column.name, "minLength", column.min_length, values, values)
            yield SuggestedRule(column.name, "maxLength", column.max_length, values, values)
        else:
            room = ceil(column.max_length * 2 / 10) * 10
            yield SuggestedRule(column.name, "maxLength", room, values, values)
