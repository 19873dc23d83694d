"""Profiling in this process: the same parts as in Spark tasks, on threads, without a JVM."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import count, islice
from threading import Event

from dq.engine.assignment import Assignment
from dq.engine.file_results import MergedKey, RoundResult, Span, conclude, worst
from dq.engine.keys.part_keys import PartKeys
from dq.engine.parts import GROUP, CountedPart, FileTask, count_part
from dq.formats.splits import Split
from dq.profiling.profile.file_profile import FileProfile
from etl_core.errors import PipelineError

#: Told the share of all parts that are done, from 0 to 1, after each of them.
Progress = Callable[[float], None]


def profile_here(
    tasks: Sequence[FileTask], assignment: Assignment, reader: str, progress: Progress | None = None
) -> dict[int, RoundResult]:
    """Profile files on the threads of this process; Arrow does the work outside the interpreter's lock.

    Parts are merged as they come, so that those of a large file are never all held, and a file is concluded with its
    last part. When the caller is interrupted, the threads end after the block at hand.
    """
    work = [(task, split) for task in tasks for split in task.splits]
    stop = Event()
    results: dict[int, RoundResult] = {}
    pool = ThreadPoolExecutor(max(min(len(work), os.cpu_count() or 1), 1))
    try:
        parts = pool.map(lambda pair: _part(assignment, pair[0], pair[1], stop), work)
        done = count(1)
        for task in tasks:
            with closing(Gathering(task, reader)) as whole:
                for part in islice(parts, len(task.splits)):
                    whole.add(part)
                    if progress is not None:
                        progress(next(done) / len(work))
                results[task.id] = whole.result()
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)
    return results


def _part(assignment: Assignment, task: FileTask, split: Split, stop: Event) -> CountedPart | PipelineError:
    store, limits, references = assignment.store, assignment.limits, assignment.references
    return count_part(store, task, split, limits, stop.is_set, references)


def gathered(task: FileTask, parts: Sequence[CountedPart | PipelineError], reader: str) -> RoundResult:
    """Put all parts of one file together."""
    with closing(Gathering(task, reader)) as whole:
        for part in sorted(parts, key=lambda part: part.number if isinstance(part, CountedPart) else -1):
            whole.add(part)
        return whole.result()


class Gathering:
    """The parts of one file that have come, merged, in the order of the file."""

    def __init__(self, task: FileTask, reader: str) -> None:
        """Begin with none."""
        self._task, self._reader = task, reader
        self._errors: list[PipelineError] = []
        self._spans: list[Span] = []
        self._keys = PartKeys()
        # In groups, as Spark merges them: sums of floating point numbers depend on what is added first.
        self._groups: FileProfile | None = None
        self._group: FileProfile | None = None
        self._group_number = 0

    def add(self, part: CountedPart | PipelineError) -> None:
        """Take in the next part."""
        if isinstance(part, PipelineError):
            self._errors.append(part)
            return
        if not self._spans:
            self._task = part.laid_out or self._task
        self._spans.append(Span(part.number, part.began, part.ended))
        number = part.number // GROUP
        if number != self._group_number:
            self._groups, self._group = _sum(self._groups, self._group), None
            self._group_number = number
        self._group = _sum(self._group, part.profile)
        try:
            self._keys.absorb(part.keys)
        except PipelineError as error:
            self._errors.append(error)
        finally:
            part.keys.close()

    def result(self) -> RoundResult:
        """Conclude the file, all of whose parts have come."""
        if self._errors:
            return worst(self._errors)
        profile = _sum(self._groups, self._group)
        if profile is None:
            raise AssertionError(f"{self._task.head.uri} has no parts")
        try:
            keys = [MergedKey(*count) for count in self._keys.counts()]
        except PipelineError as error:
            return error
        return conclude(self._task, profile, self._spans, keys, self._reader)

    def close(self) -> None:
        """Let go of the keys."""
        self._keys.close()


def _sum(first: FileProfile | None, second: FileProfile | None) -> FileProfile | None:
    if first is None or second is None:
        return second if first is None else first
    return first + second
