"""Counting one split of a file: row batches in, a FileProfile and key hashes out."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dq.profiling.cells.values import Cells
from dq.profiling.figures.key_tally import KeyTally, SplitKeys
from dq.profiling.figures.row_sample import SampleBuilder, priorities
from dq.profiling.figures.sampled_cells import SHOWN_ROWS, sampled_values, shown_texts
from dq.profiling.profile.file_profile import MOST_EXTRAS, FileProfile
from dq.profiling.row_rules.reference_keys import NO_REFERENCES, KnownReferences
from dq.profiling.tally.column_tally import ColumnTally
from dq.profiling.tally.null_tally import NullTally
from dq.profiling.tally.offences import MOST_EXAMPLES, Offence, first_offences, shortened
from dq.profiling.tally.recipe import ColumnRecipe, Recipe
from dq.profiling.tally.row_batch import LineNumbers, RowBatch
from dq.profiling.tally.row_rule_tally import RowRuleTally
from dq.schema.definition import FieldType

#: Columns that turn up while reading have a smaller distinct sketch each.
_EXTRA_DISTINCT = 1024


class FileTally:
    """The running figures of one split. Batches must come in the order of the split."""

    def __init__(self, recipe: Recipe, split: int = 0, references: KnownReferences = NO_REFERENCES) -> None:
        """Start at nothing; `references` are the keys that rows may refer to."""
        self._recipe = recipe
        self.split = split
        self._columns = [
            ColumnTally(column, recipe.encoding, recipe.missing_values, recipe.distinct_size)
            for column in recipe.columns
        ]
        self._extras: dict[str, ColumnTally] = {}
        self._nulls = NullTally(recipe, split)
        self._row_rules = RowRuleTally(recipe, split, references)
        self._keys = [KeyTally(recipe, key, split) for key in recipe.keys]
        self._sample = SampleBuilder(recipe.row_sample, split)
        self._shown = SampleBuilder(SHOWN_ROWS, split)
        self._rows = self._malformed = self._lines = 0
        self._malformed_rows: tuple[Offence, ...] = ()
        self._reasons: dict[str, int] = {}

    def add(self, batch: RowBatch) -> list[Cells]:
        """Count a batch; gives its cells, column by column in the order of the recipe."""
        cells: list[Cells] = []
        line_numbers = _shifted(batch.line_numbers, self._lines)
        self._count_malformed(batch)
        if batch.rows:
            columns = [batch.columns[column.position] for column in self._recipe.columns]
            cells = [
                tally.add(column, self.split, line_numbers)
                for tally, column in zip(self._columns, columns, strict=True)
            ]
            self._nulls.add(cells, batch.rows, line_numbers)
            self._row_rules.add(cells, batch.rows, line_numbers)
            for key in self._keys:
                key.add(cells, batch.rows, line_numbers)
            self._sample_rows(cells, batch.rows)
            self._add_extras(batch, line_numbers)
        self._rows += batch.rows
        self._lines += batch.lines
        return cells

    def _add_extras(self, batch: RowBatch, line_numbers: LineNumbers) -> None:
        """Count the first columns by name; one that has to give way to others never comes back half counted."""
        if not batch.extras.keys() <= self._extras.keys():
            first = sorted(self._extras.keys() | batch.extras.keys())[:MOST_EXTRAS]
            self._extras = {name: self._extras[name] if name in self._extras else self._extra(name) for name in first}
        for name, column in batch.extras.items():
            if name in self._extras:
                self._extras[name].add(column, self.split, line_numbers)

    def _extra(self, name: str) -> ColumnTally:
        return ColumnTally(ColumnRecipe(name, -1, FieldType.ANY), self._recipe.encoding, (), _EXTRA_DISTINCT)

    def _count_malformed(self, batch: RowBatch) -> None:
        self._malformed += batch.malformed
        for reason, rows in batch.reasons.items():
            self._reasons[reason] = self._reasons.get(reason, 0) + rows
        if batch.malformed_rows and len(self._malformed_rows) < MOST_EXAMPLES:
            found = malformed_offences(batch, self.split, self._lines)
            self._malformed_rows = first_offences(self._malformed_rows, found)

    def _sample_rows(self, cells: list[Cells], rows: int) -> None:
        if not cells:
            return
        positions = np.arange(self._rows, self._rows + rows, dtype=np.int64)
        priority = priorities(self.split, positions)
        chosen = self._sample.choose(priority)
        if len(chosen):
            values = {
                str(at): sampled_values(one, column.type, chosen, rows)
                for at, (one, column) in enumerate(zip(cells, self._recipe.columns, strict=True))
            }
            self._sample.add(priority[chosen], positions[chosen], pa.table(values))
        chosen = self._shown.choose(priority)
        if len(chosen):
            shown = {str(at): shown_texts(one, chosen) for at, one in enumerate(cells)}
            self._shown.add(priority[chosen], positions[chosen], pa.table(shown))

    def profile(self) -> FileProfile:
        """Give the figures so far."""
        return FileProfile(
            rows=self._rows,
            malformed=self._malformed,
            malformed_rows=self._malformed_rows,
            reasons=dict(sorted(self._reasons.items())),
            incomplete=self._nulls.rows,
            null_cells=self._nulls.examples(),
            row_rules=self._row_rules.figures,
            columns=tuple(column.profile() for column in self._columns),
            extras={name: tally.profile() for name, tally in self._extras.items()},
            sample=self._sample.sample(),
            shown=self._shown.sample(),
            lines={self.split: self._lines},
        )

    def taken_keys(self) -> list[SplitKeys]:
        """Give every key of the rows that came since they were last taken, in the order of the recipe."""
        return [key.taken() for key in self._keys]


def malformed_offences(batch: RowBatch, split: int, before: int) -> tuple[Offence, ...]:
    """Give the first rows of a batch that could not be read, `before` lines after the start of the split."""
    return first_offences(
        Offence(split, row.line and row.line + before, shortened(row.text), row.reason) for row in batch.malformed_rows
    )


def _shifted(line_numbers: LineNumbers, before: int) -> LineNumbers:
    """Count lines from the start of the split, not of the batch."""

    def shifted(rows: npt.NDArray[np.int64]) -> list[int]:
        return [line and line + before for line in line_numbers(rows)]

    return shifted
