"""Profiling in this process: the same parts as in Spark tasks, on threads, without a JVM."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import reduce
from itertools import groupby
from operator import add

from dq.engine.file_results import MergedKey, RoundResult, Span, conclude, worst
from dq.engine.parts import GROUP, CountedPart, FileTask, count_part
from dq.formats.limits import Limits
from dq.profiling.figures.keys import count_repeats
from dq.profiling.tally.offences import first_offences
from etl_core.errors import PipelineError
from etl_core.objects.store import ObjectStore


def profile_here(tasks: Sequence[FileTask], store: ObjectStore, limits: Limits, reader: str) -> dict[int, RoundResult]:
    """Profile files on the threads of this process; Arrow does the work outside the interpreter's lock."""
    work = [(task, split) for task in tasks for split in task.splits]
    with ThreadPoolExecutor(max(min(len(work), os.cpu_count() or 1), 1)) as pool:
        parts = list(pool.map(lambda pair: count_part(store, pair[0], pair[1], limits), work))
    by_file: dict[int, list[CountedPart | PipelineError]] = {}
    for (task, _), part in zip(work, parts, strict=True):
        by_file.setdefault(task.id, []).append(part)
    return {task.id: gathered(task, by_file[task.id], reader) for task in tasks}


def gathered(task: FileTask, parts: Sequence[CountedPart | PipelineError], reader: str) -> RoundResult:
    """Put all parts of one file together."""
    errors = [part for part in parts if isinstance(part, PipelineError)]
    if errors:
        return worst(errors)
    counted = sorted((part for part in parts if isinstance(part, CountedPart)), key=lambda part: part.number)
    task = counted[0].laid_out or task
    # In groups, as Spark merges them: sums of floating point numbers depend on what is added first.
    groups = groupby(counted, lambda part: part.number // GROUP)
    profile = reduce(add, (reduce(add, (part.profile for part in group)) for _, group in groups))
    keys = [
        MergedKey(
            sum(len(key.keys) for key in counted_keys),
            count_repeats([key.keys for key in counted_keys]),
            first_offences(*(key.examples for key in counted_keys)),
        )
        for counted_keys in zip(*(part.keys for part in counted), strict=True)
    ]
    spans = [Span(part.number, part.began, part.ended) for part in counted]
    return conclude(task, profile, spans, keys, reader)
