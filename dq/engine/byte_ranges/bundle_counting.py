"""Counting the parts of a bundle: many small files of one layout together, everything else for itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from typing import TypeAlias

from dq.engine.keys.part_keys import PartKeys
from dq.engine.parts import CountedPart, FileTask, as_read, count_part, opened
from dq.errors import UnreadableFileError
from dq.formats.format import Format
from dq.formats.limits import Limits
from dq.formats.splits import Split
from dq.profiling.row_rules.reference_keys import NO_REFERENCES, KnownReferences
from dq.profiling.tally.files_together import tally_small_files
from dq.profiling.tally.recipe import Recipe
from dq.profiling.tally.row_batch import RowBatch
from dq.schema.definition import CsvDialect
from etl_core.errors import PipelineError
from etl_core.objects.store import ObjectStore

#: Files that are counted together, and bytes of them.
MOST_FILES = 64
_MOST_BYTES = 4 * 1024 * 1024
#: Bytes of cells that are held for it; compressed files have more of them than bytes.
_MOST_HELD = 32 * 1024 * 1024

Counted: TypeAlias = "CountedPart | PipelineError"


def count_parts(
    store: ObjectStore,
    pairs: Iterable[tuple[FileTask, Split]],
    limits: Limits,
    references: KnownReferences = NO_REFERENCES,
) -> Iterator[tuple[FileTask, Counted]]:
    """Read and count parts of files, in any order; an error is a value, so that it stays with its file.

    `references` are the keys that rows may refer to.
    """
    alike: dict[tuple[Format, CsvDialect, Recipe], list[FileTask]] = {}
    for task, split in pairs:
        if len(task.splits) == 1 and len(task.first) == task.head.size:
            alike.setdefault((task.layout.format, task.layout.dialect, task.recipe), []).append(task)
        else:
            yield task, count_part(store, task, split, limits, references=references)
    for tasks in alike.values():
        for some in _portions(tasks):
            yield from _together(store, some, limits, references)


def _portions(tasks: Sequence[FileTask]) -> Iterator[Sequence[FileTask]]:
    begin, size = 0, 0
    for at, task in enumerate(tasks):
        if at - begin == MOST_FILES or (at > begin and size + task.head.size > _MOST_BYTES):
            yield tasks[begin:at]
            begin, size = at, 0
        size += task.head.size
    yield tasks[begin:]


def _together(
    store: ObjectStore, tasks: Sequence[FileTask], limits: Limits, references: KnownReferences
) -> Iterator[tuple[FileTask, Counted]]:
    """Count files of one layout, as many of them together as can be.

    Of workbooks it is known only now whether they have one.
    """
    read = {one.task.id: one for one in _all_read(store, tasks, limits)} if len(tasks) > 1 else {}
    for task in tasks:
        found = read.get(task.id)
        if found is None:
            yield task, count_part(store, task, task.splits[0], limits, references=references)
        elif isinstance(found, _Unreadable):
            yield task, found.error
    alike: dict[Recipe, list[_Read]] = {}
    for one in read.values():
        if isinstance(one, _Read):
            alike.setdefault(one.task.recipe, []).append(one)
    for files in alike.values():
        for _, group in groupby(files, lambda one: [column.type for column in one.batch.columns]):
            yield from _counted(store, list(group), limits, references)


@dataclass(frozen=True, slots=True)
class _Read:
    """A file that was read in one batch, and where it began and ended."""

    task: FileTask
    batch: RowBatch
    began: int
    ended: int


@dataclass(frozen=True, slots=True)
class _Unreadable:
    """A file that cannot be read, and why: nobody has to find that out again."""

    task: FileTask
    error: UnreadableFileError


def _counted(
    store: ObjectStore, files: Sequence[_Read], limits: Limits, references: KnownReferences
) -> Iterator[tuple[FileTask, Counted]]:
    try:
        counted = tally_small_files(files[0].task.recipe, [one.batch for one in files], references)
    except Exception:  # noqa: BLE001 - one of them broke it; counted for itself, it breaks nothing else
        for one in files:
            yield one.task, count_part(store, one.task, one.task.splits[0], limits, references=references)
    else:
        for one, (profile, counted_keys) in zip(files, counted, strict=True):
            keys = PartKeys()
            keys.add(counted_keys)
            yield one.task, CountedPart(0, one.began, one.ended, profile, keys, one.task)


def _all_read(store: ObjectStore, tasks: Sequence[FileTask], limits: Limits) -> Iterator[_Read | _Unreadable]:
    """Read the files that can be counted together, as long as there is room for them; plain texts in one go."""
    parsed = _parsed_together([task for task in tasks if _is_plain(task, limits)])
    held = 0
    for task in tasks:
        if task.id in parsed:
            read: _Read | _Unreadable | None = _Read(task, parsed[task.id], task.layout.first_row, task.head.size)
        else:
            read = _read(store, task, limits) if held < _MOST_HELD else None
        if isinstance(read, _Unreadable):
            yield read
        elif read is not None and not read.batch.extras and 0 < read.batch.rows <= read.task.recipe.row_sample:
            held += sum(column.nbytes for column in read.batch.columns)
            yield read


def _parsed_together(tasks: Sequence[FileTask]) -> dict[int, RowBatch]:
    """Parse plain texts in one go, by the ids of their files; nothing where one of them turns out not to be plain."""
    together = tasks[0].layout.format.together if tasks else None
    rows = together.rows([_text(task) for task in tasks], tasks[0].layout) if together else None
    return {task.id: batch for task, batch in zip(tasks, rows or (), strict=False)}


def _is_plain(task: FileTask, limits: Limits) -> bool:
    together = task.layout.format.together
    return together is not None and together.is_plain(_text(task), task.layout, limits)


def _text(task: FileTask) -> bytes:
    return task.first[task.layout.first_row :]


def _read(store: ObjectStore, task: FileTask, limits: Limits) -> _Read | _Unreadable | None:
    """Read a file for itself; None where it has more than one batch, or something else is the matter with it."""
    try:
        known, reading = opened(store, task, task.splits[0], limits)
        batches = list(islice(reading.batches(), 2))
    except UnreadableFileError as error:
        return _Unreadable(task, error)
    except Exception:  # noqa: BLE001 - it is read again for itself, and the error named there
        return None
    return _Read(as_read(known, reading), batches[0], reading.began, reading.ended) if len(batches) == 1 else None
