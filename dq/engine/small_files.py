"""Counting the parts of a bundle: many small files of one layout together, everything else for itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, TypeAlias

from dq.engine.object_store import ObjectStore
from dq.engine.parts import CountedPart, FileTask, count_part, opened
from dq.errors import PipelineError
from dq.formats.csv_together import is_plain, rows_together
from dq.formats.encodings import is_utf8
from dq.formats.limits import Limits
from dq.formats.splits import Split
from dq.profiling.row_batch import RowBatch
from dq.profiling.small_files import tally_small_files
from dq.schema.definition import FileFormat

if TYPE_CHECKING:
    import pyarrow as pa

#: Files that are counted together, and bytes of them.
_MOST_FILES = 64
_MOST_BYTES = 4 * 1024 * 1024

Counted: TypeAlias = "CountedPart | PipelineError"


@dataclass(frozen=True, slots=True)
class _Read:
    """A file that was read in one batch, and where it began and ended."""

    task: FileTask
    batch: RowBatch
    began: int
    ended: int


def _types(read: _Read) -> list[pa.DataType]:
    return [column.type for column in read.batch.columns]


def count_parts(
    store: ObjectStore, pairs: Iterable[tuple[FileTask, Split]], limits: Limits
) -> Iterator[tuple[FileTask, Counted]]:
    """Read and count parts of files, in any order; an error is a value, so that it stays with its file."""
    waiting: list[FileTask] = []
    for task, split in pairs:
        if not _is_small(task):
            yield task, count_part(store, task, split, limits)
            continue
        if waiting and not (_is_alike(task, waiting[0]) and _has_room(waiting, task)):
            yield from _together(store, waiting, limits)
            waiting = []
        waiting.append(task)
    yield from _together(store, waiting, limits)


def _is_small(task: FileTask) -> bool:
    return len(task.splits) == 1 and len(task.first) == task.head.size


def _is_alike(task: FileTask, other: FileTask) -> bool:
    one, another = task.layout, other.layout
    return (one.format, one.dialect) == (another.format, another.dialect) and task.recipe == other.recipe


def _has_room(waiting: Sequence[FileTask], task: FileTask) -> bool:
    return len(waiting) < _MOST_FILES and sum(one.head.size for one in (*waiting, task)) <= _MOST_BYTES


def _together(store: ObjectStore, tasks: Sequence[FileTask], limits: Limits) -> Iterator[tuple[FileTask, Counted]]:
    """Count files of one layout, as many of them together as can be."""
    read = {one.task.id: one for one in _all_read(store, tasks, limits)} if len(tasks) > 1 else {}
    for task in tasks:
        if task.id not in read:
            yield task, count_part(store, task, task.splits[0], limits)
    for _, group in groupby(read.values(), _types):
        yield from _counted(store, list(group), limits)


def _counted(store: ObjectStore, files: Sequence[_Read], limits: Limits) -> Iterator[tuple[FileTask, Counted]]:
    try:
        counted = tally_small_files(files[0].task.recipe, [one.batch for one in files])
    except Exception:  # noqa: BLE001 - one of them broke it; counted for itself, it breaks nothing else
        for one in files:
            yield one.task, count_part(store, one.task, one.task.splits[0], limits)
    else:
        for one, (profile, keys) in zip(files, counted, strict=True):
            yield one.task, CountedPart(0, one.began, one.ended, profile, keys)


def _all_read(store: ObjectStore, tasks: Sequence[FileTask], limits: Limits) -> Iterator[_Read]:
    """Read the files that can be counted together, those of plain text in one go."""
    plain = [task for task in tasks if _is_plain(task, limits)]
    texts = [task.first[task.layout.first_row :] for task in plain]
    rows = rows_together(texts, plain[0].recipe.width, plain[0].layout.dialect) if plain else None
    done = set()
    for task, batch in zip(plain, rows or (), strict=False):
        done.add(task.id)
        if batch.rows <= task.recipe.row_sample:
            yield _Read(task, batch, task.layout.first_row, task.head.size)
    for task in tasks:
        read = None if task.id in done else _read(store, task, limits)
        if read is not None:
            yield read


def _is_plain(task: FileTask, limits: Limits) -> bool:
    layout = task.layout
    if layout.format is not FileFormat.CSV or layout.compression is not None or not is_utf8(layout.dialect.encoding):
        return False
    text = task.first[layout.first_row :]
    return len(text) <= min(limits.line, limits.block) and is_plain(text, task.recipe.width, layout.dialect)


def _read(store: ObjectStore, task: FileTask, limits: Limits) -> _Read | None:
    """Read a file for itself; None where it is no case for counting together, whatever the reason."""
    try:
        reading = opened(store, task, task.splits[0], limits)
        batches = list(reading.batches())
    except Exception:  # noqa: BLE001 - it is read again for itself, and the error named there
        return None
    if len(batches) != 1:
        return None
    [batch] = batches
    if batch.extras or not 0 < batch.rows <= task.recipe.row_sample:
        return None
    return _Read(task, batch, reading.began, reading.ended)
