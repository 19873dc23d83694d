"""The whole flow of one batch: announced objects in, verdicts and ledger states out.

```
find (admit, configure, look at the first bytes) -> profile and judge (one call for all) -> settle (a transaction each)
```

Every stage hands on what can go on and ends the rest with a state and a reason. An object whose
bytes bring the engine down is found by halving the batch, so its neighbours finish. At the end
every object has a state: announced = done + set aside + to be tried again + dead.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from time import perf_counter
from typing import TYPE_CHECKING

import structlog

from dq.batch.batch_counts import BatchCounts
from dq.batch.doors import Doors
from dq.batch.endings import Failed, Found, Judged, SetAside, describe_error, not_there
from dq.batch.find import find_objects
from dq.batch.outages import Outages
from dq.batch.settle import settle
from dq.engine.one_ahead import one_ahead
from dq.events.run_window import NoWindow
from etl_core.errors import ObjectGoneError, RetryableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Executor

    from dq.batch.doors import JudgeFiles
    from dq.engine.file_results import FileVerdict
    from dq.engine.source_file import Source
    from dq.ledger.inbox_item import InboxItem
    from dq.reporting.result import RowId

__all__ = ["BatchCounts", "Doors", "process_batch"]

log = structlog.get_logger()

#: Files whose objects are written at a time, each on a connection of its own: most of a transaction is waiting.
_WRITERS = 6

#: Shares of a large batch at most, and the objects of a share at least: while one is judged the next one is looked at
#: and the last one is written. Each costs a Spark job; more than two gained nothing.
_MOST_SHARES, _LEAST_SHARE = 2, 128

#: Bytes of a mergeable profile, for a guess beforehand.
_MOST_STATE = 4 * 1024 * 1024

#: So often the engine may break in one batch before the rest of it waits for another attempt.
_MOST_BROKEN_CALLS = 25


def process_batch(items: Sequence[InboxItem], doors: Doors) -> BatchCounts:
    """Give every object of a batch its verdict, or a named reason why it has none.

    Args:
        items: claimed rows of the ledger, one per object version.
        doors: the outside world.

    Raises:
        DatabaseUnavailableError: states cannot be written. The rows stay claimed until their lease
            ends, so nothing is lost.
        CatalogueError: the reporting tables are no longer what they were at start-up.
    """
    start = perf_counter()
    counts = BatchCounts()
    settled: list[Iterator[BatchCounts]] = []
    outages = Outages(doors.objects)
    with ThreadPoolExecutor(1) as finder, ThreadPoolExecutor(_WRITERS) as writers:
        for found, ended in one_ahead(finder, lambda share: find_objects(share, doors), _shares(items)):
            settled.append(_settle_all(ended, doors, outages, writers))
            for portion in _portions(found, doors):
                sources = [one.source(place, doors.run_window) for place, one in enumerate(portion)]
                judged = _judge_apart(sources, doors.judge)
                endings = [_ending(one, judged.pop(place, None)) for place, one in enumerate(portion)]
                counts = sum(chain(*settled), counts)
                settled = [_settle_all(endings, doors, outages, writers)]
        counts = sum(chain(*settled), counts)
    if counts.announced != len(items):
        raise AssertionError(f"objects were lost: {len(items)} in the batch, {counts.announced} settled")
    duration = round(perf_counter() - start, 3)
    log.info("batch finished", announced=counts.announced, **counts.states, rows=counts.rows, duration=duration)
    return counts


def _shares(items: Sequence[InboxItem]) -> Iterator[Sequence[InboxItem]]:
    """Cut a large batch into a few shares."""
    shares = min(max(len(items) // _LEAST_SHARE, 1), _MOST_SHARES)
    size = max(-(-len(items) // shares), 1)
    for begin in range(0, len(items), size):
        yield items[begin : begin + size]


def _portions(found: Sequence[Found], doors: Doors) -> Iterator[Sequence[Found]]:
    """Cut a batch where the states of its profiles would fill the driver: all of them pass through it at once.

    A state is about as large as a small file, and bounded for a large one. Without states a batch stays whole. Two
    portions are held at a time: one is being written while the next one is judged.
    """
    begin, filled = 0, 0
    for place, one in enumerate(found):
        state = min(one.size, _MOST_STATE) if doors.keep_profiles else 0
        if filled + state > doors.states_at_once // 2 and place > begin:
            yield found[begin:place]
            begin, filled = place, 0
        filled += state
    if begin < len(found):
        yield found[begin:]


def _judge_apart(sources: Sequence[Source], judge: JudgeFiles) -> dict[int, FileVerdict | Exception]:
    """Judge all objects in one call; when that breaks, in halves, until the one that breaks it stands alone.

    A fault that every object has is not hunted down one by one: after some broken calls the rest shares the error.
    """
    found: dict[int, FileVerdict | Exception] = {}
    waiting, broken = [sources] if sources else [], 0
    while waiting:
        some = waiting.pop()
        try:
            found.update(judge(some))
        except RetryableError as error:
            found.update({source.id: error for source in some})
        except Exception as error:  # noqa: BLE001 - whatever an object's bytes do to the engine, its neighbours finish
            broken += 1
            half = len(some) // 2
            if half and broken < _MOST_BROKEN_CALLS:
                log.warning(
                    "the engine failed on a batch; looking for the object that did it",
                    error=describe_error(error),
                    error_type=type(error).__name__,
                )
                waiting += [some[half:], some[:half]]
            else:
                found.update({source.id: error for source in some})
    return found


def _settle_all(
    endings: Sequence[Judged | SetAside | Failed], doors: Doors, outages: Outages, writers: Executor
) -> Iterator[BatchCounts]:
    """Write how objects ended, verdicts of one file one after the other: each of them locks the file's row."""
    by_file: dict[RowId, list[Judged | SetAside | Failed]] = {}
    for ending in endings:
        if isinstance(ending, Judged):
            by_file.setdefault(ending.found.file.id, []).append(ending)
    others = ([ending] for ending in endings if not isinstance(ending, Judged))
    in_turn = [*by_file.values(), *others]
    return writers.map(lambda some: sum((settle(one, doors, outages) for one in some), BatchCounts()), in_turn)


def _ending(found: Found, judged: FileVerdict | Exception | None) -> Judged | SetAside | Failed:
    match judged:
        case None:
            return Failed(found.item, RuntimeError("the engine gave no answer"))
        case ObjectGoneError():
            return not_there(found.item, judged, found.file)
        case Exception():
            return Failed(found.item, judged)
    if isinstance(judged.window, NoWindow):
        return SetAside(found.item, "ignored", judged.window.reason, found.file)
    head, window, verdict = judged.head, judged.window, judged.verdict
    return Judged(found, head, window, verdict, judged.rows, judged.state, judged.unreadable)
