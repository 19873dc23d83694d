"""Writing how an object ended: results and ledger state in one transaction, all or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from dq.batch.batch_counts import BatchCounts
from dq.batch.endings import Failed, Judged, SetAside, describe_error, log_fields
from dq.errors import LeaseLostError
from dq.events.object_version import ObjectVersion
from dq.ledger.inbox_item import Ending
from dq.ledger.profile_states import RunProfile, keep_profile
from dq.reporting.result import RunResult
from etl_core.errors import CatalogueError, RetryableError, TerminalError
from etl_core.postgres.transaction import begin

if TYPE_CHECKING:
    from dq.batch.doors import Doors

log = structlog.get_logger()


def settle(ending: Judged | SetAside | Failed, doors: Doors) -> BatchCounts:
    """Write how one object ended.

    Raises:
        DatabaseUnavailableError: not even a failure can be written.
        CatalogueError: the reporting tables changed under us; no object is to blame.
    """
    try:
        try:
            return _write(ending, doors)
        except CatalogueError:
            raise
        except (RetryableError, TerminalError) as error:
            item = ending.found.item if isinstance(ending, Judged) else ending.item
            return _write(Failed(item, error), doors)
    except LeaseLostError as error:
        log.warning("left to its new holder", error=str(error))
        return BatchCounts(1, {"pending": 1})


def _write(ending: Judged | SetAside | Failed, doors: Doors) -> BatchCounts:
    match ending:
        case Judged():
            return BatchCounts(1, {_save(ending, doors): 1}, ending.rows, ending.head.size)
        case SetAside():
            return BatchCounts(1, {_set_aside(ending, doors): 1})
        case Failed():
            return BatchCounts(1, {_fail(ending, doors): 1})


def _save(judged: Judged, doors: Doors) -> str:
    """One transaction: the result and the ledger row, both or neither."""
    found, item, now = judged.found, judged.found.item, doors.clock()
    head, event, window = judged.head, item.event, judged.window
    unchanged = event.etag is None or event.etag == head.etag
    version = ObjectVersion(event.bucket, event.key, head.last_modified, event.sequencer if unchanged else None)
    result = RunResult(found.file, window.run_date, window.run_hour, head.size, version, judged.verdict, now)
    fields = log_fields(item, found.file)
    with begin(doors.database) as transaction:
        saved = doors.reporting.save(
            transaction,
            result,
            lambda run_id: doors.inbox.newest_done_of_run(transaction.connection, run_id, besides=item),
        )
        superseded = saved.state == "superseded"
        if doors.keep_profiles and not superseded:
            file = found.file
            profile = RunProfile(
                saved.run_id, file.id, file.agency_slug, file.file_name, window.run_date, window.run_hour, judged.state
            )
            keep_profile(transaction, profile, now)
        ending = Ending(
            state=saved.state,
            reason="a newer object of the same run has its verdict" if superseded else window.note,
            monitoring_file_id=found.file.id,
            monitoring_file_run_id=saved.run_id,
            definition_fingerprint=found.definition.fingerprint if found.definition else None,
            last_modified=head.last_modified,
            read_version_id=head.version_id,
            read_etag=head.etag,
        )
        doors.inbox.finish(transaction, item, ending, now)
    log.info(
        "superseded" if superseded else "scored",
        **fields,
        monitoring_file_run_id=saved.run_id,
        score=judged.verdict.score,
        passed=judged.verdict.passed,
        rows=judged.rows,
        note=window.note,
    )
    return saved.state


def _set_aside(ending: SetAside, doors: Doors) -> str:
    finished = Ending(
        ending.state, ending.reason, monitoring_file_id=ending.file.id if ending.file is not None else None
    )
    with begin(doors.database) as transaction:
        doors.inbox.finish(transaction, ending.item, finished, doors.clock())
    write = log.info if ending.state in {"ignored", "superseded"} else log.warning
    write(ending.state, **log_fields(ending.item, ending.file), reason=ending.reason)
    return ending.state


def _fail(ending: Failed, doors: Doors) -> str:
    reason, retryable = describe_error(ending.error), not isinstance(ending.error, TerminalError)
    state = doors.inbox.fail(ending.item, reason, retryable=retryable, now=doors.clock(), jitter=doors.chance())
    log.debug("where it failed", exc_info=ending.error, **log_fields(ending.item))
    write = log.error if state == "dead" else log.warning
    write("dead" if state == "dead" else "failed, to be tried again", **log_fields(ending.item), error=reason)
    return state
