"""Writing how an object ended: results and ledger state in one transaction, all or none."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from dq.batch.batch_counts import BatchCounts
from dq.batch.endings import Failed, Judged, SetAside, describe_error, log_fields
from dq.batch.metrics import ObjectEnded
from dq.batch.settling.ending_line import Told, note_ending
from dq.engine.halving import EngineDownError, NotTriedError
from dq.errors import LeaseLostError
from dq.events.object_version import ObjectVersion
from dq.ledger.history import SUPERSEDED, supersede
from dq.ledger.inbox_item import Ending
from dq.ledger.profile_states import RunProfile, keep_profile
from dq.reporting.result import RunResult
from etl_core.errors import CatalogueError, DatabaseUnavailableError, RetryableError, TerminalError
from etl_core.postgres.transaction import begin

if TYPE_CHECKING:
    from datetime import datetime

    from dq.batch.doors import Doors
    from dq.batch.outages import Outages
    from dq.ledger.inbox_item import InboxItem

log = structlog.get_logger()

#: What may be the fault of one object all the same, such as a timeout, is not tried again and again.
_NOT_AT_ONCE = timedelta(seconds=10)
#: Sources that announce what may have been there for years: their time is not that of an announcement.
_LISTS = frozenset({"listing", "manifest", "bare"})


def settle(ending: Judged | SetAside | Failed, doors: Doors, outages: Outages) -> BatchCounts:
    """Write how one object ended; one that failed for what everybody needs waits, untried.

    Raises:
        DatabaseUnavailableError: not even a failure can be written.
        CatalogueError: the reporting tables changed under us; no object is to blame.
    """
    try:
        try:
            return _write(ending, doors, outages)
        except CatalogueError:
            raise
        except (RetryableError, TerminalError) as error:
            item = ending.found.item if isinstance(ending, Judged) else ending.item
            if isinstance(error, DatabaseUnavailableError):  # a lost connection, a deadlock: no object is to blame
                log.warning("an object could not be written; it is tried again", **log_fields(item), error=error)
                return _wait(item, error, doors, doors.clock() + _NOT_AT_ONCE)
            return _write(Failed(item, error), doors, outages)
    except LeaseLostError as error:
        log.warning("left to its new holder", error=error)
        return BatchCounts(1, {"pending": 1})


def _write(ending: Judged | SetAside | Failed, doors: Doors, outages: Outages) -> BatchCounts:
    match ending:
        case Judged():
            return BatchCounts(1, {_save(ending, doors): 1}, ending.rows, ending.head.size)
        case SetAside():
            return BatchCounts(1, {_set_aside(ending, doors): 1})
        case Failed(error=NotTriedError() as error):
            return _wait(ending.item, error, doors, is_outage=isinstance(error, EngineDownError))
        case Failed() if (pause := outages.explains(ending.error, ending.item.event)) is not None:
            return _wait(ending.item, ending.error, doors, pause.until, is_outage=pause.until is None)
        case Failed():
            return BatchCounts(1, {_fail(ending, doors): 1})


def _wait(
    item: InboxItem, error: Exception, doors: Doors, until: datetime | None = None, *, is_outage: bool = False
) -> BatchCounts:
    """Give a row back untried; `is_outage`: there is no point in going on with others before it is over."""
    reason = describe_error(error)
    doors.inbox.wait(item, reason, doors.clock(), until)
    return BatchCounts(1, {"pending": 1}, outage=reason if is_outage else None)


def _save(judged: Judged, doors: Doors) -> str:
    """One transaction: the result and the ledger row, both or neither."""
    found, item, now = judged.found, judged.found.item, doors.clock()
    head, event, window = judged.head, item.event, judged.window
    unchanged = event.etag is None or event.etag == head.etag
    version = ObjectVersion(event.bucket, event.key, head.last_modified, event.sequencer if unchanged else None)
    result = RunResult(found.file, window.run_date, window.run_hour, head.size, version, judged.verdict, now)
    with begin(doors.database) as transaction:
        saved = doors.reporting.save(
            transaction,
            result,
            lambda run_id: doors.inbox.versions_of_run(transaction.connection, run_id, besides=item),
        )
        superseded = saved.state == "superseded"
        if doors.keep_profiles and not superseded:
            file = found.file
            profile = RunProfile(
                saved.run_id, file.id, file.agency_slug, file.file_name, window.run_date, window.run_hour, judged.state
            )
            keep_profile(transaction, profile, now)
        if not superseded:
            supersede(transaction, item, saved.run_id, now)
        ending = Ending(
            state=saved.state,
            reason=SUPERSEDED if superseded else window.note,
            monitoring_file_id=found.file.id,
            monitoring_file_run_id=saved.run_id,
            definition_fingerprint=found.definition.fingerprint if found.definition else None,
            last_modified=head.last_modified,
            read_version_id=head.version_id,
            read_etag=head.etag,
        )
        verdict = judged.verdict
        said = f"score {verdict.score}, {'passed' if verdict.passed else 'failed'}"
        told = Told(SUPERSEDED if superseded else said, head.version_id, judged.rows, (f"run {saved.run_id}",))
        note_ending(transaction, doors, item, saved.state, now, told)
        doors.inbox.finish(transaction, item, ending, now)
    times = _times(item, doors.clock())
    doors.metrics.ended(
        ObjectEnded(
            saved.state,
            score=None if superseded else judged.verdict.score,
            unreadable=judged.unreadable is not None,
            rows=judged.rows,
            bytes=head.size,
            times=times,
        )
    )
    write = log.info if judged.unreadable is None else log.warning
    fault = {} if judged.unreadable is None else {"error": judged.unreadable, "error_type": "UnreadableFileError"}
    write(
        "superseded" if superseded else "scored",
        **log_fields(item, found.file),
        monitoring_file_run_id=saved.run_id,
        score=judged.verdict.score,
        passed=judged.verdict.passed,
        rows=judged.rows,
        **times,
        note=window.note,
        **fault,
    )
    return saved.state


def _times(item: InboxItem, now: datetime) -> dict[str, float]:
    """Seconds since the object was claimed, and since it was announced."""
    event = item.event
    began = event.event_time if event.event_time is not None and event.source not in _LISTS else item.received_at
    times = {"duration": item.claimed_at, "latency": began}
    return {name: round((now - since).total_seconds(), 3) for name, since in times.items() if since is not None}


def _set_aside(ending: SetAside, doors: Doors) -> str:
    finished = Ending(
        ending.state,
        ending.reason,
        monitoring_file_id=ending.file.id if ending.file is not None else None,
        waits_for=ending.waits_for,
    )
    now = doors.clock()
    with begin(doors.database) as transaction:
        note_ending(transaction, doors, ending.item, ending.state, now, Told(ending.reason))
        doors.inbox.finish(transaction, ending.item, finished, now)
    times = _times(ending.item, doors.clock())
    doors.metrics.ended(ObjectEnded(ending.state, times=times))
    write = log.info if ending.state in {"ignored", "superseded"} else log.warning
    fields = {**log_fields(ending.item, ending.file), **times}
    write(ending.state, **fields, reason=ending.reason)
    return ending.state


def _fail(ending: Failed, doors: Doors) -> str:
    reason, retryable = describe_error(ending.error), not isinstance(ending.error, TerminalError)
    now = doors.clock()
    state = doors.inbox.fail(
        ending.item,
        reason,
        retryable=retryable,
        now=now,
        jitter=doors.chance(),
        alone=ending.alone,
        along=lambda transaction, state: note_ending(transaction, doors, ending.item, state, now, Told(reason)),
    )
    doors.metrics.ended(ObjectEnded(state, times=_times(ending.item, doors.clock())))
    log.debug("where it failed", exc_info=ending.error, **log_fields(ending.item))
    write = log.error if state == "dead" else log.warning
    told = {"error": reason, "error_type": type(ending.error).__name__}
    write("dead" if state == "dead" else "failed, to be tried again", **log_fields(ending.item), **told)
    return state
