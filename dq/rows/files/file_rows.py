"""The rows of one file that fail, and those that cannot be parsed, read in its order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from dq.checks.plan import plan_checks
from dq.engine.assignment import Assignment
from dq.engine.parts import FileTask, as_read, opened, proven_splits
from dq.engine.planning import plan_file
from dq.engine.source_file import SourceObject, StoredSource
from dq.formats.format import Reading
from dq.formats.limits import Limits
from dq.formats.splits import Split, SplitSurvey
from dq.profiling.row_rules.reference_keys import NO_REFERENCES, KnownReferences
from dq.profiling.tally.recipe import Recipe
from dq.profiling.tally.row_batch import MalformedRow, RowBatch
from dq.rows.framed import FramedChecks
from dq.rows.split_rows import FoundRows, find_rows
from dq.schema.definition import SchemaDefinition
from etl_core.errors import PipelineError
from etl_core.objects.store import ObjectHead, ObjectStore


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


def with_lines(found: FoundRows, raw: RowBatch, before: int) -> FileRows:
    """Put the lines of a batch, which begins behind so many others of its file, beside its rows."""
    batch = found.marked.batch
    lines = np.array(batch.line_numbers(np.arange(batch.rows, dtype=np.int64)), np.int64)
    lines[lines > 0] += before
    malformed = (replace(one, line=one.line and one.line + before) for one in batch.malformed_rows)
    return FileRows(found, raw, pa.array(lines, mask=lines == 0), tuple(malformed))


class RowsOfFile:
    """The rows of one version of an object, which can be read as often as wanted, each time from its first row on."""

    def __init__(
        self,
        source: SourceObject,
        store: ObjectStore,
        limits: Limits,
        references: KnownReferences = NO_REFERENCES,
        *,
        at_once: bool = False,
    ) -> None:
        """Find out how the file is laid out.

        Args:
            source: the object.
            store: reads it.
            limits: bounds on memory and time.
            references: the keys that its rows may refer to.
            at_once: they are read at once, in this process: a workbook is not opened a second time for it, and the
                process that reads it waits meanwhile.

        Raises:
            UnreadableFileError: it cannot be parsed at all.
            PipelineError: it cannot be read now.
        """
        self._store, self._limits, self._references = store, limits.with_all_malformed(), references
        planned = plan_file(source, Assignment(store, self._limits))
        if isinstance(planned, PipelineError):
            raise planned
        self._task = self._known = planned
        self._begun: tuple[FileTask, Reading] | None = None
        if planned.layout.late:  # how it is laid out is known once its first rows are read
            self._known, reading = opened(store, planned, planned.splits[0], self._limits)
            if at_once:
                self._begun = self._known, reading
            else:
                next(reading.batches(), None)  # nobody holds it, so that it ends, and a child that reads ahead

    @property
    def recipe(self) -> Recipe:
        """The definition, laid over the columns of the file."""
        return self._known.recipe

    @property
    def header(self) -> tuple[str, ...]:
        """The trimmed names of the columns, in the order of the file."""
        return self._known.layout.header

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a person should know of how the file was read, and what looks like a mistake; whole once it was read."""
        layout = self._known.layout
        return tuple(filter(None, (*layout.hints, *layout.notes, layout.origin)))

    def checks(self, definition: SchemaDefinition) -> FramedChecks:
        """Lay a definition over the columns of the file."""
        return FramedChecks(definition, plan_checks(definition), self.recipe, self._references)

    def found(
        self,
        definition: SchemaDefinition,
        prepare: Callable[[RowBatch], RowBatch] = lambda batch: batch,
        *,
        typed: bool = False,
        unique: bool = False,
    ) -> Iterator[FileRows]:
        """Give all rows with what is wrong with them. A row that cannot be parsed is in no batch, but beside it.

        Args:
            definition: what they are held against.
            prepare: makes the cells of a batch ready before they are looked at; its rows stay.
            typed: decimals that have no place in a typed column count as findings, too.
            unique: somebody knows that no row repeats a key.

        Raises:
            PipelineError: the file cannot be read now, or is another one.
        """
        raw: list[RowBatch] = []

        def prepared() -> Iterator[RowBatch]:
            for batch in self._raw():
                raw[:] = [batch]
                yield prepare(batch)

        before = self._known.layout.first_line
        for found in find_rows(self.checks(definition), prepared, typed=typed, unique=unique):
            yield with_lines(found, raw[0], before)
            before += found.marked.batch.lines

    @property
    def head(self) -> ObjectHead:
        """The version of the object."""
        return self._task.head

    @property
    def parts(self) -> tuple[Split, ...]:
        """The parts that can be read apart, whose beginnings may be guesses; one where there is nothing to gain."""
        return self._task.splits if len(self._task.splits) > 1 and not self._task.layout.late else ()

    @property
    def lines_before(self) -> int:
        """The lines above the first row."""
        return self._known.layout.first_line

    @property
    def key_ranges(self) -> int:
        """Into how many ranges its keys are dealt, so that those of one fit into memory."""
        return self._task.key_ranges

    def whole(self) -> RowsOfFile:
        """The same rows in one piece."""
        return self._with((Split(0, self._task.layout.first_row, self._task.head.size, sure=True),))

    def realigned(self, parts: Sequence[Split]) -> RowsOfFile:
        """The same rows, cut in other places."""
        return self._with(tuple(parts))

    def travelling(self) -> RowsOfFile:
        """The same rows without the list of all parts, which would travel with each of them."""
        return self._with(self._task.splits[:2])

    @property
    def references(self) -> KnownReferences:
        """The keys that its rows may refer to."""
        return self._references

    def referring_to(self, references: KnownReferences) -> RowsOfFile:
        """The same rows, with other keys for them to refer to."""
        other = copy(self)
        other._references = references  # noqa: SLF001 - one of us
        return other

    def survey(self, part: Split, until: int) -> SplitSurvey | None:
        """Count the lines of a part without reading its records; None where they have to be read for it.

        Args:
            part: where it is.
            until: where the next part starts: behind the end of this one, where it was moved there.

        Raises:
            PipelineError: the file cannot be read now, or is another one.
        """
        survey = self._task.layout.format.survey
        if survey is None:
            return None
        source = StoredSource(self._store, self._task.head, self._task.first)
        return survey(source, self._task.layout, replace(part, end=until), self._limits)

    def reading(self, part: Split) -> Reading:
        """Open one part for reading."""
        return opened(self._store, self._task, part, self._limits)[1]

    def _with(self, splits: tuple[Split, ...]) -> RowsOfFile:
        other = copy(self)
        other._task = replace(self._task, splits=splits)  # noqa: SLF001 - one of us
        other._begun = None  # noqa: SLF001 - what was begun is read once
        return other

    def _raw(self) -> Iterator[RowBatch]:
        for split in proven_splits(self._task):
            begun, self._begun = self._begun, None
            known, reading = begun or opened(self._store, self._task, split, self._limits)
            yield from reading.batches()
            if self._task.layout.late:
                self._known = as_read(known, reading)
