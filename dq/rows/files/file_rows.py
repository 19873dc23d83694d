"""The rows of one file that fail, and those that cannot be parsed, read in its order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from dq.checks.plan import plan_checks
from dq.engine.assignment import Assignment
from dq.engine.parts import as_read, opened, proven_splits
from dq.engine.planning import plan_file
from dq.engine.source_file import SourceObject
from dq.formats.limits import Limits
from dq.profiling.row_rules.reference_keys import NO_REFERENCES, KnownReferences
from dq.profiling.tally.recipe import Recipe
from dq.profiling.tally.row_batch import MalformedRow, RowBatch
from dq.rows.framed import FramedChecks
from dq.rows.split_rows import FoundRows, find_rows
from dq.schema.definition import SchemaDefinition
from etl_core.errors import PipelineError
from etl_core.objects.store import ObjectStore


@dataclass(frozen=True, slots=True, eq=False)
class FileRows:
    """Some rows of a file in its order: what was found, the line of each, and the rows that cannot be parsed.

    `raw` are the rows as they stand in the file; those of `found` may have been prepared.

    Lines count from 1 at the start of the file; of typed formats they count rows.
    """

    found: FoundRows
    raw: RowBatch
    lines: pa.Array
    malformed: tuple[MalformedRow, ...]


class RowsOfFile:
    """The rows of one version of an object, which can be read as often as wanted, each time from its first row on."""

    def __init__(
        self, source: SourceObject, store: ObjectStore, limits: Limits, references: KnownReferences = NO_REFERENCES
    ) -> None:
        """Find out how the file is laid out; `references` are the keys that its rows may refer to.

        Raises:
            UnreadableFileError: it cannot be parsed at all.
            PipelineError: it cannot be read now.
        """
        self._store, self._limits, self._references = store, limits.with_all_malformed(), references
        planned = plan_file(source, Assignment(store, self._limits))
        if isinstance(planned, PipelineError):
            raise planned
        self._task = self._known = planned
        if planned.layout.late:  # how it is laid out is known once it is read
            for _ in self._raw():
                pass

    @property
    def recipe(self) -> Recipe:
        """The definition, laid over the columns of the file."""
        return self._known.recipe

    @property
    def header(self) -> tuple[str, ...]:
        """The trimmed names of the columns, in the order of the file."""
        return self._known.layout.header

    def checks(self, definition: SchemaDefinition) -> FramedChecks:
        """Lay a definition over the columns of the file."""
        return FramedChecks(definition, plan_checks(definition), self.recipe, self._references)

    def found(
        self,
        definition: SchemaDefinition,
        prepare: Callable[[RowBatch], RowBatch] = lambda batch: batch,
        *,
        typed: bool = False,
    ) -> Iterator[FileRows]:
        """Give all rows with what is wrong with them. A row that cannot be parsed is in no batch, but beside it.

        Args:
            definition: what they are held against.
            prepare: makes the cells of a batch ready before they are looked at; its rows stay.
            typed: decimals that have no place in a typed column count as findings, too.

        Raises:
            PipelineError: the file cannot be read now, or is another one.
        """
        raw: list[RowBatch] = []

        def prepared() -> Iterator[RowBatch]:
            for batch in self._raw():
                raw[:] = [batch]
                yield prepare(batch)

        before = self._known.layout.first_line
        for found in find_rows(self.checks(definition), prepared, typed=typed):
            batch = found.marked.batch
            lines = np.array(batch.line_numbers(np.arange(batch.rows, dtype=np.int64)), np.int64)
            lines[lines > 0] += before
            malformed = (replace(one, line=one.line and one.line + before) for one in batch.malformed_rows)
            yield FileRows(found, raw[0], pa.array(lines, mask=lines == 0), tuple(malformed))
            before += batch.lines

    def _raw(self) -> Iterator[RowBatch]:
        for split in proven_splits(self._task):
            known, reading = opened(self._store, self._task, split, self._limits)
            yield from reading.batches()
            if self._task.layout.late:
                self._known = as_read(known, reading)
