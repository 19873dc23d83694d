"""The whole flow of one batch: announced objects in, verdicts and ledger states out.

```
find (admit, configure, look at the first bytes) -> profile and judge (one call for all) -> settle (a transaction each)
```

Every stage hands on what can go on and ends the rest with a state and a reason. An object whose
bytes bring the engine down is found by halving the batch, so its neighbours finish. What was not there, or was
overwritten while it was read, is looked for again when the others are settled. At the end
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
from dq.batch.endings import Failed, Found, Judged, Missing, SetAside
from dq.batch.find import find_objects
from dq.batch.judging import judge_objects
from dq.batch.look_again import look_again
from dq.batch.outages import Outages
from dq.batch.settling.settle import settle
from dq.engine.one_ahead import one_ahead

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Executor

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
    missing: list[Missing] = []
    outages = Outages(doors)
    with ThreadPoolExecutor(1) as finder, ThreadPoolExecutor(_WRITERS) as writers:
        for found, ended in one_ahead(finder, lambda share: find_objects(share, doors), _shares(items)):
            outages.note([*found, *ended])
            settled.append(_settle_all(_without_missing(ended, missing), doors, outages, writers))
            for portion in _portions(found, doors):
                endings = _without_missing(judge_objects(portion, doors), missing)
                outages.note(endings)
                counts = sum(chain(*settled), counts)
                settled = [_settle_all(endings, doors, outages, writers)]
        if missing:
            found_again = look_again(missing, doors)
            outages.note(found_again)
            settled.append(_settle_all(found_again, doors, outages, writers))
        counts = sum(chain(*settled), counts)
    if counts.announced != len(items):
        raise AssertionError(f"objects were lost: {len(items)} in the batch, {counts.announced} settled")
    doors.metrics.batch_ended(outage=counts.outage is not None)
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


def _without_missing(
    endings: Sequence[Judged | SetAside | Failed | Missing], missing: list[Missing]
) -> list[Judged | SetAside | Failed]:
    """How objects ended; those that have not are put to the missing ones."""
    missing += [one for one in endings if isinstance(one, Missing)]
    return [one for one in endings if not isinstance(one, Missing)]


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
