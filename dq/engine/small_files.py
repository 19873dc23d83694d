"""Counting the parts of a bundle: many small files of one layout together, everything else for itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from dq.engine.object_store import ObjectStore
from dq.engine.parts import CountedPart, FileTask, count_part, opened
from dq.errors import PipelineError
from dq.formats.limits import Limits
from dq.formats.splits import Split
from dq.profiling.row_batch import RowBatch
from dq.profiling.small_files import tally_small_files

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

    def fits(self, other: _Read) -> bool:
        """Whether it is laid out as `other` is."""
        types, others = ([column.type for column in one.batch.columns] for one in (self, other))
        return self.task.recipe == other.task.recipe and types == others


def count_parts(
    store: ObjectStore, pairs: Iterable[tuple[FileTask, Split]], limits: Limits
) -> Iterator[tuple[FileTask, Counted]]:
    """Read and count parts of files, in any order; an error is a value, so that it stays with its file."""
    waiting: list[_Read] = []
    for task, split in pairs:
        read = _read(store, task, split, limits) if _is_small(task) else None
        if read is None:
            yield task, count_part(store, task, split, limits)
            continue
        if waiting and not (read.fits(waiting[0]) and _have_room(waiting, read)):
            yield from _together(store, waiting, limits)
            waiting = []
        waiting.append(read)
    yield from _together(store, waiting, limits)


def _is_small(task: FileTask) -> bool:
    return len(task.splits) == 1 and len(task.first) == task.head.size


def _have_room(waiting: list[_Read], read: _Read) -> bool:
    size = sum(one.task.head.size for one in waiting) + read.task.head.size
    return len(waiting) < _MOST_FILES and size <= _MOST_BYTES


def _read(store: ObjectStore, task: FileTask, split: Split, limits: Limits) -> _Read | None:
    """Read a file; None where it is no case for counting together, whatever the reason."""
    try:
        reading = opened(store, task, split, limits)
        batches = list(reading.batches())
    except Exception:  # noqa: BLE001 - it is read again for itself, and the error named there
        return None
    if len(batches) != 1:
        return None
    [batch] = batches
    if batch.extras or not 0 < batch.rows <= task.recipe.row_sample:
        return None
    return _Read(task, batch, reading.began, reading.ended)


def _together(store: ObjectStore, files: list[_Read], limits: Limits) -> Iterator[tuple[FileTask, Counted]]:
    if len(files) > 1:
        try:
            counted = tally_small_files(files[0].task.recipe, [one.batch for one in files])
        except Exception:  # noqa: BLE001 - one of them broke it; counted for itself, it breaks nothing else
            counted = []
        if counted:
            for one, (profile, keys) in zip(files, counted, strict=True):
                yield one.task, CountedPart(0, one.began, one.ended, profile, keys)
            return
    for one in files:
        yield one.task, count_part(store, one.task, one.task.splits[0], limits)
