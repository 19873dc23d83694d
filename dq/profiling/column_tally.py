"""Counting one column, batch by batch: only the work its type and rules ask for.

Three things make it quick: a column of few distinct texts is counted once per batch and everything
else done on the distinct texts; hashes are compared with the sketch's largest before anything is
sorted; examples are looked up only until there are enough of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dq.profiling.bounds import Bits, broken_rules, rules_of
from dq.profiling.column_profile import ColumnProfile
from dq.profiling.distinct import DistinctSketch
from dq.profiling.findings import MOST_EXAMPLES, Finding, first_findings, shortened
from dq.profiling.frequencies import MOST_VALUES, OVERFLOWN
from dq.profiling.moments import Moments
from dq.profiling.parsing import Parsed
from dq.profiling.recipe import CellEncoding, ColumnRecipe
from dq.profiling.summary import Scalar
from dq.profiling.values import Cells, as_text, hash_values, read_cells
from dq.schema.definition import FieldType

#: Types whose mean, deviation and histogram mean something.
MEASURED = (FieldType.INTEGER, FieldType.NUMBER, FieldType.DECIMAL)
#: Types whose frequent values are listed; the others get a histogram.
COUNTED = (
    FieldType.STRING, FieldType.ANY, FieldType.BOOLEAN, FieldType.TIME, FieldType.OBJECT, FieldType.ARRAY,
)  # fmt: skip
#: Types whose lengths are told.
LENGTHS = (FieldType.STRING, FieldType.ANY)
#: Characters kept of a text value in minimum, maximum and frequencies.
KEPT_CHARACTERS = 256
_FIRST_LOOK = 2048
_FEW_BITS = 64

#: Turns row numbers of the current batch into findings' line numbers.
Lines = Callable[[npt.NDArray[np.int64]], list[int]]


class ColumnTally:
    """The running figures of one column in one split of a file."""

    def __init__(
        self, recipe: ColumnRecipe, encoding: CellEncoding, missing: tuple[str, ...], distinct: int
    ) -> None:
        """Start at nothing."""
        self.recipe = recipe
        self._encoding = encoding
        self._missing = missing
        self._profile = ColumnProfile(distinct=DistinctSketch(distinct))

    def profile(self) -> ColumnProfile:
        """Give the figures so far."""
        return self._profile

    def add(self, column: pa.Array, split: int, lines: Lines) -> Cells:
        """Count a batch's cells; gives them parsed, for the row sample and the keys."""
        cells = read_cells(column, self.recipe, self._encoding, self._missing)
        self._profile = self._profile + ColumnProfile(
            distinct=self._distinct(cells.parsed),
            physical=_physical(column, self._encoding),
            present=len(cells.present),
            seen=not pa.types.is_null(column.type),
            wrong_type=cells.wrong_type,
        )
        self._unparsable(cells, split, lines)
        parsed = cells.parsed
        if len(parsed.cells):
            self._values(cells, split, lines)
        return cells

    def _distinct(self, parsed: Parsed) -> DistinctSketch:
        sketch = self._profile.distinct
        empty = DistinctSketch(sketch.size)
        if not len(parsed.cells) or self._is_counted_by_text(parsed):
            return empty
        if not sketch.full and parsed.numbers is not None and self.recipe.type is not FieldType.DECIMAL:
            unique = pc.unique(pa.array(parsed.numbers)).to_numpy(zero_copy_only=False)
            parsed = Parsed(None, parsed.cells, unique)
        hashes = hash_values(parsed, self.recipe.type)
        if sketch.full:
            hashes = hashes[hashes < sketch.hashes[-1]]
        return empty.add(hashes)

    def _is_counted_by_text(self, parsed: Parsed) -> bool:
        return (
            parsed.numbers is None
            and self.recipe.type in COUNTED
            and self._profile.frequencies.counts is not None
        )

    def _unparsable(self, cells: Cells, split: int, lines: Lines) -> None:
        ok = cells.parsed.ok
        if ok is None:
            return
        bad = np.flatnonzero(~ok)
        if not len(bad):
            return
        found = self._profile.unparsable_cells
        if len(found) < MOST_EXAMPLES:
            first = bad[: MOST_EXAMPLES - len(found)]
            found = first_findings(found, _findings(cells, first, split, lines))
        self._replace(unparsable=self._profile.unparsable + len(bad), unparsable_cells=found)

    def _values(self, cells: Cells, split: int, lines: Lines) -> None:
        parsed = cells.parsed
        kind = self.recipe.type
        counted = self._count_texts(parsed) if kind in COUNTED else None
        if counted is not None:
            values, weights = counted
        else:
            values, weights = parsed, None
        bits = broken_rules(values, kind, self.recipe.rules)
        if bits is not None:
            self._violations(cells, values, bits, weights, split, lines)
        if parsed.numbers is not None:
            self._spread(parsed)
        else:
            self._texts(values)

    def _count_texts(self, parsed: Parsed) -> tuple[Parsed, npt.NDArray[np.int64]] | None:
        """Count the distinct texts, None when there are too many of them."""
        if self._profile.frequencies.counts is None:
            return None
        text = as_text(parsed.cells)
        if len(text) > _FIRST_LOOK and pc.count_distinct(text.slice(0, _FIRST_LOOK)).as_py() > MOST_VALUES:
            return self._too_many(parsed)
        counts = pc.value_counts(text)
        values, weights = counts.field(0), counts.field(1).to_numpy(zero_copy_only=False)
        if len(values) > MOST_VALUES:
            return self._too_many(parsed)
        shown = _cut(values).to_pylist()
        frequencies = self._profile.frequencies.add(zip(shown, weights.tolist(), strict=True))
        if frequencies.counts is None:
            return self._too_many(parsed)
        distinct = Parsed(None, values, None)
        sketch = self._profile.distinct
        if parsed.numbers is None:
            sketch = sketch.add(hash_values(distinct, self.recipe.type))
        self._replace(frequencies=frequencies, distinct=sketch)
        return (distinct, weights) if parsed.numbers is None else None

    def _too_many(self, parsed: Parsed) -> None:
        sketch = self._profile.distinct
        if parsed.numbers is None:
            sketch = sketch.add(hash_values(parsed, self.recipe.type))
        self._replace(frequencies=OVERFLOWN, distinct=sketch)

    def _violations(
        self, cells: Cells, values: Parsed, bits: Bits, weights: Any, split: int, lines: Lines
    ) -> None:
        counts = np.bincount(bits, weights=weights, minlength=_FEW_BITS)
        merged = dict(self._profile.violations)
        for pattern in np.flatnonzero(counts[1:]) + 1:
            merged[int(pattern)] = merged.get(int(pattern), 0) + int(counts[pattern])
        examples = dict(self._profile.violating_cells)
        for rule, _ in self.recipe.rules:
            found = examples.get(rule, ())
            if len(found) >= MOST_EXAMPLES:
                continue
            breaking = [pattern for pattern in range(1, _FEW_BITS) if counts[pattern] and rule in rules_of(pattern)]
            hit = np.isin(bits, breaking)
            if hit.any():
                positions = _positions(cells, values, hit, weights)[: MOST_EXAMPLES - len(found)]
                examples[rule] = first_findings(found, _findings(cells, positions, split, lines))
        self._replace(violations=dict(sorted(merged.items())), violating_cells=dict(sorted(examples.items())))

    def _spread(self, parsed: Parsed) -> None:
        numbers = parsed.numbers
        if numbers is None:
            return
        kind = self.recipe.type
        low, high = numbers.min(), numbers.max()
        delta = ColumnProfile(
            distinct=DistinctSketch(self._profile.distinct.size),
            minimum=_typed(low, kind, parsed, numbers),
            maximum=_typed(high, kind, parsed, numbers, greatest=True),
            moments=Moments.of(numbers.astype(np.float64, copy=False)) if kind in MEASURED else Moments(),
        )
        self._profile = self._profile + delta

    def _texts(self, values: Parsed) -> None:
        text = values.cells
        edges = pc.min_max(text)
        delta = ColumnProfile(
            distinct=DistinctSketch(self._profile.distinct.size),
            minimum=edges["min"].as_py()[:KEPT_CHARACTERS],
            maximum=edges["max"].as_py()[:KEPT_CHARACTERS],
        )
        if self.recipe.type in LENGTHS:
            lengths = pc.min_max(pc.utf8_length(text))
            delta = _with(delta, min_length=lengths["min"].as_py(), max_length=lengths["max"].as_py())
        self._profile = self._profile + delta

    def _replace(self, **changes: Any) -> None:
        self._profile = _with(self._profile, **changes)


def _with(profile: ColumnProfile, **changes: Any) -> ColumnProfile:
    return replace(profile, **changes)


def _physical(column: pa.Array, encoding: CellEncoding) -> str:
    return str(column.type) if encoding is CellEncoding.TYPED else encoding.value


def _positions(cells: Cells, values: Parsed, hit: Any, weights: Any) -> npt.NDArray[np.int64]:
    """Find the positions among the present cells of the values hit, ascending."""
    if weights is None:
        return cells.parsed_positions()[hit]
    wanted = values.cells.filter(pa.array(hit))
    mask = pc.is_in(as_text(cells.parsed.cells), value_set=wanted).to_numpy(zero_copy_only=False)
    return cells.parsed_positions()[mask]


def _findings(cells: Cells, positions: npt.NDArray[np.int64], split: int, lines: Lines) -> list[Finding]:
    texts = as_text(cells.present.take(pa.array(positions))).to_pylist()
    numbers = lines(cells.row_of(positions))
    return [Finding(split, line, shortened(text)) for line, text in zip(numbers, texts, strict=True)]


def _cut(text: pa.StringArray) -> pa.StringArray:
    longest = pc.max(pc.binary_length(text)).as_py() or 0
    return text if longest <= KEPT_CHARACTERS else pc.utf8_slice_codeunits(text, 0, KEPT_CHARACTERS)


def _typed(number: Any, kind: FieldType, parsed: Parsed, numbers: Any, *, greatest: bool = False) -> Scalar:
    """Turn the extreme number of a batch back into a value of the type."""
    if kind is not FieldType.DECIMAL:
        return from_number(number.item(), kind)
    texts = pc.unique(as_text(parsed.cells.filter(pa.array(numbers == number)))).to_pylist()
    exact = [Decimal(text) for text in texts]
    return max(exact) if greatest else min(exact)


def from_number(number: float, kind: FieldType) -> Scalar:
    """Give the value of a type that `as_number` maps to `number`."""
    match kind:
        case FieldType.BOOLEAN:
            return bool(number)
        case FieldType.DATE:
            return date.fromordinal(round(number) + _EPOCH_DAY)
        case FieldType.DATETIME:
            return _EPOCH + timedelta(microseconds=round(number))
        case FieldType.TIME:
            return (_EPOCH + timedelta(microseconds=round(number))).time()
    return number


_EPOCH_DAY = date(1970, 1, 1).toordinal()
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - values carry no zone: all of them are UTC
