"""The unit of work: one part of one file, read and counted. The same code runs in Spark tasks and in threads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from time import perf_counter

from dq.engine.keys.part_keys import PartKeys
from dq.engine.source_file import StoredSource
from dq.events.run_window import WindowChoice
from dq.formats.format import LateReading, Reading
from dq.formats.layout import FileLayout
from dq.formats.limits import Limits
from dq.formats.reading import read_part
from dq.formats.splits import Split
from dq.profiling.profile.file_profile import FileProfile
from dq.profiling.row_rules.reference_keys import NO_REFERENCES, KnownReferences
from dq.profiling.tally.file_tally import FileTally
from dq.profiling.tally.recipe import Recipe, make_recipe
from dq.schema.definition import SchemaDefinition
from etl_core.errors import PipelineError, RetryableError, TerminalError
from etl_core.objects.store import ObjectHead, ObjectStore

#: Neighbouring parts of a file that are merged first, before the groups are merged.
GROUP = 64


class EngineFaultError(TerminalError):
    """Something in the engine broke on one file; its neighbours are not touched."""


class OutOfTimeError(RetryableError):
    """Reading a part took longer than it may; the object store may have been slow."""


@dataclass(frozen=True, slots=True)
class FileTask:
    """All that is needed to read and judge the size of one file, whatever its number of parts.

    `first` are the file's first bytes, carried along for files small enough to need no second request.
    `keep_state`: the merged profile itself is wanted too, some megabytes for a large file. `judged`: not the figures
    are wanted but the verdict on them, which is smaller and is then made where the file is put together; `window`
    tells how the window of its run is chosen. `isolated`: see `SourceObject`.
    """

    id: int
    head: ObjectHead
    layout: FileLayout
    recipe: Recipe
    definition: SchemaDefinition | None
    splits: tuple[Split, ...]
    key_ranges: int = 1
    first: bytes = field(default=b"", repr=False)
    keep_state: bool = False
    judged: bool = False
    window: WindowChoice = field(default_factory=WindowChoice)
    isolated: bool = False


@dataclass(frozen=True, slots=True)
class CountedPart:
    """What one part gave: its counts, its rows' keys, and where it began and ended in the file.

    Whoever takes it over closes its `keys`. `laid_out` is the file where its layout was late: it is known by now.
    """

    number: int
    began: int
    ended: int
    profile: FileProfile
    keys: PartKeys
    laid_out: FileTask | None = None


def recipe_of(layout: FileLayout, definition: SchemaDefinition | None) -> Recipe:
    """Lay a definition over the header of a file."""
    return make_recipe(layout.header, definition, encoding=layout.format.cells, inferred=layout.inferred)


def opened(store: ObjectStore, task: FileTask, split: Split, limits: Limits) -> tuple[FileTask, Reading]:
    """Open one part for reading; a layout that is late is known then, and with it what is to be counted."""
    reading = read_part(StoredSource(store, task.head, task.first), task.layout, split, limits)
    if task.layout.late and isinstance(reading, LateReading):
        layout = reading.layout()
        task = replace(task, layout=layout, recipe=recipe_of(layout, task.definition))
    return task, reading


def proven_splits(task: FileTask) -> tuple[Split, ...]:
    """Give parts whose beginnings are known: where one begins at a guess, the whole file."""
    if all(split.sure for split in task.splits):
        return task.splits
    return (Split(0, task.layout.first_row, task.head.size, sure=True),)


def as_read(task: FileTask, reading: Reading) -> FileTask:
    """Take over what a reading knows of the layout once its batches are exhausted: notes on how the file was read."""
    return replace(task, layout=reading.layout()) if isinstance(reading, LateReading) else task


def count_part(
    store: ObjectStore,
    task: FileTask,
    split: Split,
    limits: Limits,
    stopped: Callable[[], bool] = lambda: False,
    references: KnownReferences = NO_REFERENCES,
) -> CountedPart | PipelineError:
    """Read and count one part; an error is a value, so that it stays with its file.

    `stopped` is asked after each block whether anybody still wants the part; `references` are the keys that rows may
    refer to.
    """
    keys = PartKeys()
    part: CountedPart | PipelineError
    try:
        known, reading = opened(store, task, split, limits)
        tally = FileTally(known.recipe, split.number, references)
        part = _counted(task, known, reading, tally, keys, limits, stopped)
    except Exception as error:  # noqa: BLE001 - a fault in a library must not take the neighbours down
        part = named_fault(task.head.uri, error, limits)
    if isinstance(part, PipelineError):
        keys.close()
    return part


def _counted(
    task: FileTask,
    known: FileTask,
    reading: Reading,
    tally: FileTally,
    keys: PartKeys,
    limits: Limits,
    stopped: Callable[[], bool],
) -> CountedPart | PipelineError:
    deadline = perf_counter() + limits.object_seconds
    for batch in reading.batches():
        tally.add(batch)
        keys.add(tally.taken_keys())
        if perf_counter() > deadline:
            return _out_of_time(task.head.uri, limits.object_seconds)
        if stopped():
            return EngineFaultError(f"{task.head.uri}: reading was stopped")
    keys.add(tally.taken_keys())  # of no row, where there was no batch: the names all the same
    laid_out = as_read(known, reading) if task.layout.late else None
    return CountedPart(tally.split, reading.began, reading.ended, tally.profile(), keys, laid_out)


def _out_of_time(uri: str, seconds: float) -> OutOfTimeError:
    message = f"{uri}: reading it took longer than it may ({seconds:,g} s); raise OBJECT_SECONDS if it is that large"
    return OutOfTimeError(message)


def named_fault(uri: str, error: Exception, limits: Limits) -> PipelineError:
    """Name what went wrong while a file was read."""
    if isinstance(error, PipelineError):
        return error
    if isinstance(error, MemoryError):
        most = f"{limits.object_memory >> 20:,} MiB"
        message = f"{uri}: reading it needs more memory than a worker may have ({most})"
        return EngineFaultError(f"{message}; raise OBJECT_MEMORY_MIB where workers have more")
    return fault(uri, error)


def fault(uri: str, error: Exception) -> EngineFaultError:
    """Name a fault without the file's content."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f"{place.tb_frame.f_code.co_name}:{place.tb_lineno}" if place else "unknown"
    return EngineFaultError(f"{uri}: the engine failed with {type(error).__name__} at {where}; please report it")
