"""Writing how an object ended: results and ledger state in one transaction, all or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from dq.batch.endings import Failed, Judged, SetAside, describe_error, log_fields
from dq.batch.outcome import BatchOutcome
from dq.errors import LeaseLostError
from dq.events.object_version import ObjectVersion
from dq.ledger.inbox_item import Ending
from dq.ledger.profile_states import RunProfile, keep_profile
from dq.reporting.result import RunResult
from etl_core.errors import CatalogueError, RetryableError, TerminalError
from etl_core.postgres.transaction import begin

if TYPE_CHECKING:
    from dq.batch.doors import Parts

log = structlog.get_logger()


def settle(ending: Judged | SetAside | Failed, parts: Parts) -> BatchOutcome:
    """Write how one object ended.

    Raises:
        DatabaseUnavailableError: not even a failure can be written.
        CatalogueError: the reporting tables changed under us; no object is to blame.
    """
    try:
        try:
            return _write(ending, parts)
        except CatalogueError:
            raise
        except (RetryableError, TerminalError) as error:
            item = ending.found.item if isinstance(ending, Judged) else ending.item
            return _write(Failed(item, error), parts)
    except LeaseLostError as error:
        log.warning("left to its new holder", error=str(error))
        return BatchOutcome(1, {"pending": 1})


def _write(ending: Judged | SetAside | Failed, parts: Parts) -> BatchOutcome:
    match ending:
        case Judged():
            return BatchOutcome(1, {_save(ending, parts): 1}, ending.rows, ending.head.size)
        case SetAside():
            return BatchOutcome(1, {_set_aside(ending, parts): 1})
        case Failed():
            return BatchOutcome(1, {_fail(ending, parts): 1})


def _save(judged: Judged, parts: Parts) -> str:
    """One transaction: the result and the ledger row, both or neither."""
    found, item, now = judged.found, judged.found.item, parts.clock()
    head, event, window = judged.head, item.event, judged.window
    unchanged = event.etag is None or event.etag == head.etag
    version = ObjectVersion(event.bucket, event.key, head.last_modified, event.sequencer if unchanged else None)
    result = RunResult(found.file, window.run_date, window.run_hour, head.size, version, judged.verdict, now)
    fields = log_fields(item, found.file)
    with begin(parts.database) as transaction:
        saved = parts.reporting.save(
            transaction,
            result,
            lambda run_id: parts.inbox.newest_done_of_run(transaction.connection, run_id, besides=item),
        )
        superseded = saved.state == "superseded"
        if parts.keep_profiles and not superseded:
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
        parts.inbox.finish(transaction, item, ending, now)
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


def _set_aside(ending: SetAside, parts: Parts) -> str:
    finished = Ending(
        ending.state, ending.reason, monitoring_file_id=ending.file.id if ending.file is not None else None
    )
    with begin(parts.database) as transaction:
        parts.inbox.finish(transaction, ending.item, finished, parts.clock())
    write = log.info if ending.state in {"ignored", "superseded"} else log.warning
    write(ending.state, **log_fields(ending.item, ending.file), reason=ending.reason)
    return ending.state


def _fail(ending: Failed, parts: Parts) -> str:
    reason, retryable = describe_error(ending.error), not isinstance(ending.error, TerminalError)
    state = parts.inbox.fail(ending.item, reason, retryable=retryable, now=parts.clock(), jitter=parts.chance())
    log.debug("where it failed", exc_info=ending.error, **log_fields(ending.item))
    write = log.error if state == "dead" else log.warning
    write("dead" if state == "dead" else "failed, to be tried again", **log_fields(ending.item), error=reason)
    return state
