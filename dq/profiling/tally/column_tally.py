"""Counting one column, batch by batch: only the work its type and rules ask for.

Three things make it quick: a column of few distinct texts is counted once per batch and everything else done on the
distinct texts; hashes are compared with the sketch's largest before anything is sorted; examples are looked up only
until there are enough of them.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dq.profiling.cells.number_line import Numbers
from dq.profiling.cells.parsing import Parsed
from dq.profiling.cells.texts import as_text
from dq.profiling.cells.values import Cells, read_cells
from dq.profiling.cells.written_moments import name_of
from dq.profiling.figures.bounds import broken_rules
from dq.profiling.figures.distinct import DistinctSketch
from dq.profiling.figures.frequencies import MOST_VALUES, OVERFLOWN, Frequencies
from dq.profiling.figures.hashing import hash_values
from dq.profiling.figures.moments import Moments
from dq.profiling.profile.column_profile import ColumnProfile
from dq.profiling.tally.column_figures import (
    COUNTED,
    KEPT_CHARACTERS,
    LENGTHS,
    MEASURED,
    CountedValues,
    examples_left,
    extremes_of,
    offences_at,
    violations_of,
)
from dq.profiling.tally.recipe import CellEncoding, ColumnRecipe
from dq.profiling.tally.row_batch import LineNumbers
from dq.schema.definition import FieldType

_FIRST_LOOK = 2048


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

    def add(self, column: pa.Array, split: int, lines: LineNumbers) -> Cells:
        """Count a batch's cells; gives them parsed, for the row sample and the keys."""
        cells = read_cells(column, self.recipe, self._encoding, self._missing)
        bad = cells.unparsable_positions()
        part = replace(
            self._values(cells, split, lines) if len(cells.parsed.cells) else self._nothing,
            physical=name_of(column.type) if self._encoding is CellEncoding.TYPED else self._encoding.value,
            present=len(cells.present),
            seen=not pa.types.is_null(column.type),
            unparsable=len(bad),
            wrong_type=cells.wrong_type,
            unparsable_cells=offences_at(cells, bad[: examples_left(self._profile.unparsable_cells)], split, lines),
        )
        self._profile = part if self._profile is self._nothing else self._profile + part
        return cells

    def _values(self, cells: Cells, split: int, lines: LineNumbers) -> ColumnProfile:
        values = self._counted(cells.parsed)
        parsed = values.parsed
        self._distinguish(parsed)
        distinct = self._distinct if self._profile is self._nothing else self._nothing.distinct
        bits = broken_rules(parsed, self.recipe.type, self.recipe.rules)
        counts, examples = (
            ({}, {})
            if bits is None
            else violations_of(cells, values, bits, self.recipe.rules, self._profile.violating_cells, split, lines)
        )
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
        least, largest = extremes_of(parsed, numbers, self.recipe.type)
        return ColumnProfile(
            distinct=distinct,
            violations=counts,
            violating_cells=examples,
            minimum=least,
            maximum=largest,
            with_offset=0 if parsed.with_offset is None else int(np.count_nonzero(parsed.with_offset)),
            moments=Moments.of(numbers) if self.recipe.type in MEASURED else Moments(),
            frequencies=values.frequencies,
        )

    def _counted(self, parsed: Parsed) -> CountedValues:
        """Count each distinct text of a type that asks for it, until there are too many of them."""
        if self.recipe.type not in COUNTED or self._profile.frequencies.counts is None:
            return CountedValues(parsed)
        text = as_text(parsed.cells)
        if len(text) > _FIRST_LOOK and pc.count_distinct(text.slice(0, _FIRST_LOOK)).as_py() > MOST_VALUES:
            return CountedValues(parsed, OVERFLOWN)
        counts = pc.value_counts(text)
        values, weights = counts.field(0), counts.field(1).to_numpy(zero_copy_only=False)
        if len(values) > MOST_VALUES:
            return CountedValues(parsed, OVERFLOWN)
        frequencies = Frequencies.of(dict(zip(values.to_pylist(), weights.tolist(), strict=True)))
        if parsed.numbers is not None or frequencies.counts is None:
            return CountedValues(parsed, frequencies)
        return CountedValues(Parsed(None, values, None), frequencies, weights)

    def _distinguish(self, parsed: Parsed) -> None:
        """Take the values into the distinct sketch."""
        numbers = parsed.numbers
        plain = parsed.rests is None and self.recipe.type is not FieldType.DECIMAL
        if numbers is not None and plain and not self._distinct.full:
            if self._repeats is None:
                self._repeats = _repeat(numbers)
            if self._repeats:
                parsed = Parsed(None, parsed.cells, pc.unique(pa.array(numbers)).to_numpy(zero_copy_only=False))
        self._distinct = self._distinct.add(hash_values(parsed, self.recipe.type))


def _repeat(numbers: Numbers) -> bool:
    """Tell whether the numbers repeat so much that finding the distinct ones takes less than sorting all hashes."""
    return len(numbers) > _FIRST_LOOK and len(np.unique(numbers[:_FIRST_LOOK])) < _FIRST_LOOK // 8
