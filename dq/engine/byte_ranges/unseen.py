"""Objects that nobody has looked at yet: looked at and, where one read has all of them, profiled on the spot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias

from dq.engine.assignment import Assignment
from dq.engine.byte_ranges.bundle_counting import MOST_FILES, count_parts
from dq.engine.byte_ranges.local_executor import gathered
from dq.engine.file_results import Finished, Misaligned, with_verdict
from dq.engine.one_ahead import one_ahead
from dq.engine.parts import FileTask
from dq.engine.planning import plan_file
from dq.engine.source_file import UnseenObject
from etl_core.errors import PipelineError
from etl_core.objects.store import ObjectStore, Peek

#: How an object ended; of one that takes more than one read, whatever its announcement says, its first bytes.
Peeked: TypeAlias = "Finished | Peek | PipelineError"


def peek_at(sources: Iterable[UnseenObject], store: ObjectStore) -> dict[int, Peek | PipelineError]:
    """Read the first bytes of objects; an object that cannot be read gives its error."""
    return store.peek_all({one.id: (one.bucket, one.key, one.version_id) for one in sources})


def peek_and_profile(sources: Sequence[UnseenObject], assignment: Assignment) -> Iterator[tuple[int, Peeked]]:
    """Profile objects in this process, some at a time; the next ones are fetched meanwhile."""

    def fetch(some: Sequence[UnseenObject]) -> tuple[Sequence[UnseenObject], Mapping[int, Peek | PipelineError]]:
        return some, peek_at(some, assignment.store)

    # Of about equal size: counted together with a few others only, a file takes a sixth longer.
    count = -(-len(sources) // MOST_FILES)
    portions = [sources[len(sources) * at // count : len(sources) * (at + 1) // count] for at in range(count)]
    with ThreadPoolExecutor(1) as ahead:
        for some, peeks in one_ahead(ahead, fetch, portions):
            whole: dict[int, Peek] = {}
            for number, peek in peeks.items():
                if isinstance(peek, PipelineError) or len(peek.data) < peek.head.size:
                    yield number, peek
                else:
                    whole[number] = peek
            yield from _profiled([source for source in some if source.id in whole], whole, assignment)


def _profiled(
    sources: Sequence[UnseenObject], peeks: Mapping[int, Peek], assignment: Assignment
) -> Iterator[tuple[int, Peeked]]:
    """Profile objects whose bytes are all at hand; one that comes in several parts all the same is given back."""
    planned = {source.id: plan_file(source.seen(peeks[source.id]), assignment) for source in sources}
    tasks = [task for task in planned.values() if isinstance(task, FileTask)]
    several = {task.id for task in tasks if len(task.splits) > 1}
    found: dict[int, Finished | PipelineError] = {
        number: error for number, error in planned.items() if isinstance(error, PipelineError)
    }
    whole = [(task, task.splits[0]) for task in tasks if task.id not in several]
    for task, part in count_parts(assignment.store, whole, assignment.limits, assignment.references):
        result = gathered(task, [part], "direct")
        if isinstance(result, Misaligned):
            raise TypeError(f"{task.head.uri}: the only part of a file cannot begin at a wrong place")
        found[task.id] = result
    for source in sources:
        number, peek = source.id, peeks[source.id]
        if number in several:
            yield number, peek
        else:
            yield number, with_verdict(found[number], source.seen(peek), "direct", judged=assignment.judged)
