"""Nulls where a value is required: how many rows have any, and which are the first of each column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from dq.profiling.cells.values import Cells
from dq.profiling.tally.offences import MOST_EXAMPLES, Offence, shortened
from dq.profiling.tally.recipe import Recipe
from dq.profiling.tally.row_batch import LineNumbers
from dq.profiling.tally.row_texts import NULL, row_texts


class NullTally:
    """The rows of one split that lack a required value."""

    def __init__(self, recipe: Recipe, split: int) -> None:
        """Start with no row."""
        self._recipe = recipe
        self._split = split
        self._required = [at for at, column in enumerate(recipe.columns) if column.required]
        self._examples: dict[int, tuple[Offence, ...]] = {}
        self.rows = 0

    def add(self, cells: Sequence[Cells], rows: int, line_numbers: LineNumbers) -> None:
        """Take in a batch of `rows` rows, whose cells are given for every column."""
        present = {at: found for at in self._required if (found := cells[at].rows) is not None}
        if not present:
            return
        incomplete = np.zeros(rows, np.bool_)
        for at, found in present.items():
            null = np.ones(rows, np.bool_)
            null[found] = False
            incomplete |= null
            known = self._examples.get(at, ())
            if len(known) < MOST_EXAMPLES:
                first = np.flatnonzero(null)[: MOST_EXAMPLES - len(known)]
                self._examples[at] = known + self._shown(at, cells, first, line_numbers)
        self.rows += int(np.count_nonzero(incomplete))

    def examples(self) -> Mapping[int, tuple[Offence, ...]]:
        """Give the first nulls of each column, by its place among the columns."""
        return dict(sorted(self._examples.items()))

    def _shown(
        self, at: int, cells: Sequence[Cells], rows: npt.NDArray[np.int64], line_numbers: LineNumbers
    ) -> tuple[Offence, ...]:
        key = next((key for key in self._recipe.keys if at not in key), ())
        texts = row_texts(
            [self._recipe.columns[column].name for column in key], [cells[column] for column in key], rows
        )
        # Beside the word null stands the row's key, for the cell itself says nothing.
        lines = line_numbers(rows)
        return tuple(
            Offence(self._split, line, shortened(text), NULL)
            for line, text in zip(lines, texts or [""] * len(rows), strict=True)
        )
