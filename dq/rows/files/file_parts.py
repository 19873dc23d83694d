"""One part of a file for itself: its rows, with what it has to know of the parts before it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from dq.checks.check import Check
from dq.formats.splits import NOWHERE, Split
from dq.profiling.cells.values import Cells
from dq.profiling.tally.row_batch import RowBatch
from dq.rows.files.file_rows import FileRows, RowsOfFile, with_lines
from dq.rows.files.key_pieces import unpacked_rows
from dq.rows.framed import FramedChecks
from dq.rows.repeats import full_rows
from dq.rows.row_marks import KeyRepeats, Rows, read_rows
from dq.rows.split_rows import found_rows
from dq.schema.definition import SchemaDefinition


@dataclass(frozen=True, slots=True)
class PartFacts:
    """What a part has to know of its file.

    Attributes:
        part: where it is.
        lines_before: lines of the file before its first row.
        repeats: by the columns of a key, the rows of the part that repeat a key of an earlier row, packed as `Repeats`
            are, in pieces of any order.
        tolerated: rules that no larger share of the file breaks than they tolerate.
    """

    part: Split
    lines_before: int = 0
    repeats: Mapping[tuple[str, ...], Sequence[bytes]] = field(default_factory=dict)
    tolerated: frozenset[Check] = frozenset()


class PartOfFile:
    """The rows of one part. `began`, `ended` and `lines` hold once they have all come."""

    def __init__(self, rows: RowsOfFile, facts: PartFacts) -> None:
        """Read nothing yet."""
        self._rows, self._facts = rows, facts
        self.began = self.ended = NOWHERE
        self.lines = 0

    def found(
        self, definition: SchemaDefinition, prepare: Callable[[RowBatch], RowBatch], *, typed: bool
    ) -> Iterator[FileRows]:
        """Give the rows with what is wrong with them, as `RowsOfFile.found` does for the whole file.

        Raises:
            PipelineError: the file cannot be read now, or is another one.
        """
        checks = self._rows.checks(definition)
        repeated = {columns: unpacked_rows(packed) for columns, packed in self._facts.repeats.items()}
        reading, first = self._rows.reading(self._facts.part), 0
        for raw in reading.batches():
            batch = prepare(raw)
            cells = read_rows(checks.recipe, batch)
            repeats = _repeats_of_batch(checks, cells, repeated, first, batch.rows)
            found = found_rows(checks, batch, cells, repeats, self._facts.tolerated, typed=typed)
            yield with_lines(found, raw, self._facts.lines_before + self.lines)
            first += batch.rows
            self.lines += batch.lines
        self.began, self.ended = reading.began, reading.ended


def _repeats_of_batch(
    checks: FramedChecks, cells: Sequence[Cells], repeated: Mapping[tuple[str, ...], Rows], first: int, rows: int
) -> Mapping[tuple[str, ...], KeyRepeats]:
    """Give the repeats among the rows of the part from `first` on."""
    found = {}
    for key in checks.recipe.keys:
        columns = tuple(checks.recipe.columns[at].name for at in key)
        of_part = repeated.get(columns, _NONE)
        low, high = np.searchsorted(of_part, (first, first + rows))
        found[columns] = KeyRepeats(of_part[low:high] - first, full_rows([cells[at] for at in key], rows))
    return found


_NONE: Rows = np.empty(0, np.int64)
