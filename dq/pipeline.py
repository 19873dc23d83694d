"""The whole flow of one batch: announced objects in, verdicts and ledger states out.

```
find (admit, configure, look at the first bytes) -> profile (one call for all) -> judge -> settle (a transaction each)
```

Every stage hands on what can go on and ends the rest with a state and a reason. An object whose
bytes bring the engine down is found by halving the batch, so its neighbours finish. At the end
every object has a state: announced = done + set aside + to be tried again + dead.
"""

from __future__ import annotations

from itertools import chain
from time import perf_counter
from typing import TYPE_CHECKING

import structlog

from dq.checks.plan import plan_checks
from dq.engine.source_file import SourceObject
from dq.errors import ObjectGoneError, RetryableError
from dq.stages.endings import Failed, Found, Judged, SetAside, describe_error
from dq.stages.find import find_objects
from dq.stages.outcome import BatchOutcome
from dq.stages.parts import Parts
from dq.stages.settle import settle
from dq.verdict.judge import judge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dq.intake.inbox_item import InboxItem
    from dq.profiling.summary import FileSummary
    from dq.stages.parts import ProfileFiles

__all__ = ["BatchOutcome", "Parts", "process_batch"]

log = structlog.get_logger()


def process_batch(items: Sequence[InboxItem], parts: Parts) -> BatchOutcome:
    """Give every object of a batch its verdict, or a named reason why it has none.

    Args:
        items: claimed rows of the ledger, one per object version.
        parts: the outside world.

    Raises:
        DatabaseUnavailableError: states cannot be written. The rows stay claimed until their lease
            ends, so nothing is lost.
        CatalogueError: the reporting tables are no longer what they were at start-up.
    """
    start = perf_counter()
    found, ended = find_objects(items, parts)
    sources = [SourceObject(place, one.peek, one.definition) for place, one in enumerate(found)]
    profiled = _profile_apart(sources, parts.profile)
    judged = (_judge(one, profiled.pop(place, None)) for place, one in enumerate(found))
    outcome = sum((settle(ending, parts) for ending in chain(ended, judged)), BatchOutcome())
    if outcome.announced != len(items):
        raise AssertionError(f"objects were lost: {len(items)} in the batch, {outcome.announced} settled")
    duration = round(perf_counter() - start, 3)
    log.info("batch finished", announced=outcome.announced, **outcome.states, rows=outcome.rows, duration=duration)
    return outcome


def _profile_apart(sources: Sequence[SourceObject], profile: ProfileFiles) -> dict[int, FileSummary | Exception]:
    """Profile all objects in one call; when that breaks, in halves, until the one that breaks it stands alone."""
    if not sources:
        return {}
    try:
        return dict(profile(sources))
    except RetryableError as error:
        return {source.id: error for source in sources}
    except Exception as error:  # noqa: BLE001 - whatever an object's bytes do to the engine, its neighbours finish
        if len(sources) == 1:
            return {sources[0].id: error}
        log.warning("the engine failed on a batch; looking for the object that broke it", error=describe_error(error))
    half = len(sources) // 2
    return {**_profile_apart(sources[:half], profile), **_profile_apart(sources[half:], profile)}


def _judge(found: Found, summary: FileSummary | Exception | None) -> Judged | SetAside | Failed:
    match summary:
        case None:
            return Failed(found.item, RuntimeError("the engine gave no answer"))
        case ObjectGoneError():
            return SetAside(found.item, "superseded", str(summary), found.file)
        case Exception():
            return Failed(found.item, summary)
    try:
        return Judged(found, judge(summary, plan_checks(found.definition)), summary.rows_read)
    except Exception as error:  # noqa: BLE001 - an odd file must not cost its neighbours their verdicts
        return Failed(found.item, error)
