"""Counting one column, batch by batch: only the work its type and rules ask for.

Three things make it quick: a column of few distinct texts is counted once per batch and everything else done on the
distinct texts; hashes are compared with the sketch's largest before anything is sorted; examples are looked up only
until there are enough of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dq.profiling.bounds import Bits, broken_rules, rules_of
from dq.profiling.column_profile import ColumnProfile
from dq.profiling.distinct import DistinctSketch
from dq.profiling.findings import MOST_EXAMPLES, Finding, shortened
from dq.profiling.frequencies import MOST_VALUES, OVERFLOWN, Frequencies
from dq.profiling.hashing import hash_values
from dq.profiling.moments import Moments
from dq.profiling.number_line import from_number
from dq.profiling.parsing import Mask, Numbers, Parsed, canonical_decimals
from dq.profiling.recipe import CellEncoding, ColumnRecipe
from dq.profiling.summary import Scalar
from dq.profiling.values import Cells, as_text, read_cells
from dq.schema.definition import FieldType

#: Types whose mean, deviation and histogram mean something.
MEASURED = (FieldType.INTEGER, FieldType.NUMBER, FieldType.DECIMAL)
#: Types whose frequent values are listed; the others get a histogram.
COUNTED = (
    FieldType.STRING, FieldType.ANY, FieldType.BOOLEAN, FieldType.TIME, FieldType.OBJECT, FieldType.ARRAY,
)  # fmt: skip
#: Types whose lengths are told.
LENGTHS = (FieldType.STRING, FieldType.ANY)
#: Characters kept of a text value in minimum and maximum.
KEPT_CHARACTERS = 256
_FIRST_LOOK = 2048
_FEW_BITS = 64

#: Turns row numbers of the current batch into findings' line numbers.
Lines = Callable[[npt.NDArray[np.int64]], list[int]]


@dataclass(frozen=True, slots=True)
class _Values:
    """The parsed values of a batch. With `weights` each distinct one stands once, beside the number of its cells."""

    parsed: Parsed
    frequencies: Frequencies = field(default_factory=Frequencies)
    weights: npt.NDArray[np.int64] | None = None


class ColumnTally:
    """The running figures of one column in one split of a file."""

    def __init__(self, recipe: ColumnRecipe, encoding: CellEncoding, missing: tuple[str, ...], distinct: int) -> None:
        """Start at nothing."""
        self.recipe = recipe
        self._encoding = encoding
        self._missing = missing
        self._nothing = ColumnProfile(distinct=DistinctSketch(distinct))
        self._profile = self._nothing
        #: kept apart from the other figures, so that a batch's hashes are sorted once
        self._distinct = self._nothing.distinct
        #: whether the numbers of the first batch repeat
        self._repeats: bool | None = None

    def profile(self) -> ColumnProfile:
        """Give the figures so far."""
        profile = self._profile
        return profile if profile.distinct is self._distinct else replace(profile, distinct=self._distinct)

    def add(self, column: pa.Array, split: int, lines: Lines) -> Cells:
        """Count a batch's cells; gives them parsed, for the row sample and the keys."""
        cells = read_cells(column, self.recipe, self._encoding, self._missing)
        bad = _bad_positions(cells)
        part = replace(
            self._values(cells, split, lines) if len(cells.parsed.cells) else self._nothing,
            physical=str(column.type) if self._encoding is CellEncoding.TYPED else self._encoding.value,
            present=len(cells.present),
            seen=not pa.types.is_null(column.type),
            unparsable=len(bad),
            wrong_type=cells.wrong_type,
            unparsable_cells=_findings(cells, bad[: self._examples_left(self._profile.unparsable_cells)], split, lines),
        )
        self._profile = part if self._profile is self._nothing else self._profile + part
        return cells

    @staticmethod
    def _examples_left(found: tuple[Finding, ...]) -> int:
        return MOST_EXAMPLES - len(found)

    def _values(self, cells: Cells, split: int, lines: Lines) -> ColumnProfile:
        values = self._counted(cells.parsed)
        parsed = values.parsed
        self._distinguish(parsed)
        distinct = self._distinct if self._profile is self._nothing else self._nothing.distinct
        counts, examples = self._violations(cells, values, split, lines)
        if parsed.numbers is None:
            edges = pc.min_max(parsed.cells)
            lengths = pc.min_max(pc.utf8_length(parsed.cells)) if self.recipe.type in LENGTHS else None
            return ColumnProfile(
                distinct=distinct,
                violations=counts,
                violating_cells=examples,
                minimum=edges["min"].as_py()[:KEPT_CHARACTERS],
                maximum=edges["max"].as_py()[:KEPT_CHARACTERS],
                min_length=None if lengths is None else lengths["min"].as_py(),
                max_length=None if lengths is None else lengths["max"].as_py(),
                frequencies=values.frequencies,
            )
        numbers = parsed.numbers
        return ColumnProfile(
            distinct=distinct,
            violations=counts,
            violating_cells=examples,
            minimum=_value_of(numbers.min(), self.recipe.type, parsed, numbers, min),
            maximum=_value_of(numbers.max(), self.recipe.type, parsed, numbers, max),
            moments=Moments.of(numbers) if self.recipe.type in MEASURED else Moments(),
            frequencies=values.frequencies,
        )

    def _counted(self, parsed: Parsed) -> _Values:
        """Count each distinct text of a type that asks for it, until there are too many of them."""
        if self.recipe.type not in COUNTED or self._profile.frequencies.counts is None:
            return _Values(parsed)
        text = as_text(parsed.cells)
        if len(text) > _FIRST_LOOK and pc.count_distinct(text.slice(0, _FIRST_LOOK)).as_py() > MOST_VALUES:
            return _Values(parsed, OVERFLOWN)
        counts = pc.value_counts(text)
        values, weights = counts.field(0), counts.field(1).to_numpy(zero_copy_only=False)
        if len(values) > MOST_VALUES:
            return _Values(parsed, OVERFLOWN)
        frequencies = Frequencies.of(dict(zip(values.to_pylist(), weights.tolist(), strict=True)))
        if parsed.numbers is not None or frequencies.counts is None:
            return _Values(parsed, frequencies)
        return _Values(Parsed(None, values, None), frequencies, weights)

    def _distinguish(self, parsed: Parsed) -> None:
        """Take the values into the distinct sketch."""
        numbers = parsed.numbers
        if numbers is not None and not self._distinct.full and self.recipe.type is not FieldType.DECIMAL:
            if self._repeats is None:
                self._repeats = _repeat(numbers)
            if self._repeats:
                parsed = Parsed(None, parsed.cells, pc.unique(pa.array(numbers)).to_numpy(zero_copy_only=False))
        self._distinct = self._distinct.add(hash_values(parsed, self.recipe.type))

    def _violations(
        self, cells: Cells, values: _Values, split: int, lines: Lines
    ) -> tuple[Mapping[int, int], Mapping[str, tuple[Finding, ...]]]:
        """Count cells by the rules they break, and find the first of each rule's."""
        bits = broken_rules(values.parsed, self.recipe.type, self.recipe.rules)
        if bits is None:
            return {}, {}
        counts = np.bincount(bits, weights=values.weights, minlength=_FEW_BITS)
        broken = {int(pattern): int(counts[pattern]) for pattern in np.flatnonzero(counts[1:]) + 1}
        examples = {}
        for rule, _ in self.recipe.rules:
            left = self._examples_left(self._profile.violating_cells.get(rule, ()))
            breaking = [pattern for pattern in broken if rule in rules_of(pattern)]
            if breaking and left:
                positions = _positions(cells, values, bits, breaking)[:left]
                examples[rule] = _findings(cells, positions, split, lines)
        return broken, examples


def _repeat(numbers: Numbers) -> bool:
    """Tell whether the numbers repeat so much that finding the distinct ones takes less than sorting all hashes."""
    return len(numbers) > _FIRST_LOOK and len(np.unique(numbers[:_FIRST_LOOK])) < _FIRST_LOOK // 8


def _bad_positions(cells: Cells) -> npt.NDArray[np.int64]:
    ok = cells.parsed.ok
    return np.empty(0, np.int64) if ok is None else np.flatnonzero(~ok)


def _positions(cells: Cells, values: _Values, bits: Bits, breaking: list[int]) -> npt.NDArray[np.int64]:
    """Find the positions among the present cells of those that break a rule, ascending."""
    hit: Mask = np.isin(bits, breaking)
    if values.weights is not None:
        wanted = values.parsed.cells.filter(pa.array(hit))
        hit = pc.is_in(as_text(cells.parsed.cells), value_set=wanted).to_numpy(zero_copy_only=False)
    return cells.parsed_positions()[hit]


def _findings(cells: Cells, positions: npt.NDArray[np.int64], split: int, lines: Lines) -> tuple[Finding, ...]:
    if not len(positions):
        return ()
    texts = as_text(cells.present.take(pa.array(positions))).to_pylist()
    numbers = lines(cells.row_of(positions))
    return tuple(Finding(split, line, shortened(text)) for line, text in zip(numbers, texts, strict=True))


def _value_of(
    number: np.generic, kind: FieldType, parsed: Parsed, numbers: Numbers, choose: Callable[[list[Decimal]], Decimal]
) -> Scalar:
    """Turn the extreme number of a batch back into a value of the type: the same for all spellings of it."""
    if kind is not FieldType.DECIMAL:
        return from_number(number.item() + 0.0 if kind is FieldType.NUMBER else number.item(), kind)
    texts = pc.unique(as_text(parsed.cells.filter(pa.array(numbers == number))))
    return choose([Decimal(text) for text in canonical_decimals(texts).to_pylist()])
