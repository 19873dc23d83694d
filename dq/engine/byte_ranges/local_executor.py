"""Profiling in this process: the same parts as in Spark tasks, on threads, without a JVM."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Event

from dq.engine.byte_ranges.gathered_keys import GatheredKeys
from dq.engine.file_results import MergedKey, RoundResult, Span, conclude, worst
from dq.engine.parts import GROUP, CountedPart, FileTask, count_part
from dq.formats.limits import Limits
from dq.profiling.profile.file_profile import FileProfile
from dq.profiling.tally.offences import Offence, first_offences
from etl_core.errors import PipelineError
from etl_core.objects.store import ObjectStore

#: Told the share of all parts that are done, from 0 to 1, after each of them.
Progress = Callable[[float], None]


def profile_here(
    tasks: Sequence[FileTask], store: ObjectStore, limits: Limits, reader: str, progress: Progress | None = None
) -> dict[int, RoundResult]:
    """Profile files on the threads of this process; Arrow does the work outside the interpreter's lock.

    Parts are merged as they come, so that those of a large file are never all held. When the caller is interrupted, the
    threads end after the block at hand.
    """
    work = [(task, split) for task in tasks for split in task.splits]
    stop = Event()
    with ExitStack() as opened:
        files = {task.id: Gathering(task, reader) for task in tasks}
        for one in files.values():
            opened.callback(one.close)
        pool = ThreadPoolExecutor(max(min(len(work), os.cpu_count() or 1), 1))
        try:
            parts = pool.map(lambda pair: count_part(store, pair[0], pair[1], limits, stop.is_set), work)
            for done, ((task, _), part) in enumerate(zip(work, parts, strict=True), start=1):
                files[task.id].add(part)
                if progress is not None:
                    progress(done / len(work))
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)
        return {number: one.result() for number, one in files.items()}


def gathered(task: FileTask, parts: Sequence[CountedPart | PipelineError], reader: str) -> RoundResult:
    """Put all parts of one file together."""
    whole = Gathering(task, reader)
    try:
        for part in sorted(parts, key=lambda part: part.number if isinstance(part, CountedPart) else -1):
            whole.add(part)
        return whole.result()
    finally:
        whole.close()


class Gathering:
    """The parts of one file that have come, merged, in the order of the file."""

    def __init__(self, task: FileTask, reader: str) -> None:
        """Begin with none."""
        self._task, self._reader = task, reader
        self._errors: list[PipelineError] = []
        self._spans: list[Span] = []
        self._keys: list[GatheredKeys] = []
        self._examples: list[tuple[Offence, ...]] = []
        # In groups, as Spark merges them: sums of floating point numbers depend on what is added first.
        self._groups: FileProfile | None = None
        self._group: FileProfile | None = None
        self._group_number = 0

    def add(self, part: CountedPart | PipelineError) -> None:
        """Take in the next part."""
        if isinstance(part, PipelineError):
            self._errors.append(part)
            return
        if not self._spans:  # of a late layout nobody knew the keys before
            self._task = part.laid_out or self._task
            self._keys = [GatheredKeys() for _ in part.keys]
            self._examples = [() for _ in part.keys]
        self._spans.append(Span(part.number, part.began, part.ended))
        number = part.number // GROUP
        if number != self._group_number:
            self._groups, self._group = _sum(self._groups, self._group), None
            self._group_number = number
        self._group = _sum(self._group, part.profile)
        for at, key in enumerate(part.keys):
            self._keys[at].add(key.keys)
            self._examples[at] = first_offences(self._examples[at], key.examples)

    def result(self) -> RoundResult:
        """Conclude the file, all of whose parts have come."""
        if self._errors:
            return worst(self._errors)
        profile = _sum(self._groups, self._group)
        if profile is None:
            raise AssertionError(f"{self._task.head.uri} has no parts")
        keys = [
            MergedKey(keys.rows, keys.repeats(), examples)
            for keys, examples in zip(self._keys, self._examples, strict=True)
        ]
        return conclude(self._task, profile, self._spans, keys, self._reader)

    def close(self) -> None:
        """Let go of keys that were put away."""
        for keys in self._keys:
            keys.close()


def _sum(first: FileProfile | None, second: FileProfile | None) -> FileProfile | None:
    if first is None or second is None:
        return second if first is None else first
    return first + second
