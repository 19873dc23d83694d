"""Objects that nobody has looked at yet: looked at and, where one read has all of them, profiled on the spot."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias

from dq.engine.byte_ranges.bundle_counting import MOST_FILES, count_parts
from dq.engine.byte_ranges.local_executor import gathered
from dq.engine.one_ahead import one_ahead
from dq.engine.outcomes import Finished, Misaligned, with_verdict
from dq.engine.parts import FileTask
from dq.engine.source_file import SourceObject, UnseenObject
from dq.formats.limits import Limits
from dq.formats.splits import Split
from etl_core.errors import PipelineError
from etl_core.objects.store import ObjectStore, Peek

#: Finds out what a file is and how it is read.
PlanFile: TypeAlias = "Callable[[SourceObject], FileTask | PipelineError]"

#: How an object ended; of one that takes more than one read, whatever its announcement says, its first bytes.
Looked: TypeAlias = "Finished | Peek | PipelineError"


def look(sources: Iterable[UnseenObject], store: ObjectStore) -> dict[int, Peek | PipelineError]:
    """Read the first bytes of objects; an object that cannot be read gives its error."""
    return store.peek_all({one.id: (one.bucket, one.key, one.version_id) for one in sources})


def look_and_profile(
    sources: Sequence[UnseenObject], store: ObjectStore, limits: Limits, plan: PlanFile, *, judged: bool
) -> Iterator[tuple[int, Looked]]:
    """Profile objects in this process, some at a time; the next ones are fetched meanwhile."""

    def fetch(some: Sequence[UnseenObject]) -> tuple[Sequence[UnseenObject], Mapping[int, Peek | PipelineError]]:
        return some, look(some, store)

    # Of about equal size: counted together with a few others only, a file takes a sixth longer.
    count = -(-len(sources) // MOST_FILES)
    portions = [sources[len(sources) * at // count : len(sources) * (at + 1) // count] for at in range(count)]
    with ThreadPoolExecutor(1) as ahead:
        for some, peeks in one_ahead(ahead, fetch, portions):
            tasks: list[tuple[FileTask, Split]] = []
            for source in some:
                looked = _look(source, peeks[source.id], plan, judged=judged)
                if isinstance(looked, FileTask):
                    tasks.append((looked, looked.splits[0]))
                else:
                    yield source.id, looked
            for task, part in count_parts(store, tasks, limits):
                outcome = gathered(task, [part], "direct")
                if isinstance(outcome, Misaligned):
                    raise TypeError(f"{task.head.uri}: the only part of a file cannot begin at a wrong place")
                yield task.id, with_verdict(outcome, task.head, task.definition, "direct", judged=judged)


def _look(source: UnseenObject, peek: Peek | PipelineError, plan: PlanFile, *, judged: bool) -> FileTask | Looked:
    if isinstance(peek, PipelineError) or len(peek.data) < peek.head.size:
        return peek
    task = plan(source.seen(peek))
    if not isinstance(task, FileTask):
        return with_verdict(task, peek.head, source.definition, "direct", judged=judged)
    return task if len(task.splits) == 1 else peek
