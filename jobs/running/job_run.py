"""One run of a job: what it holds open until its end, and the line of the audit it leaves behind.

Every job that opens the database leaves one line, whatever became of it. Jobs say what they are about by `note`; the
line is written here and nowhere else, after the job has ended and before its database is closed.
"""

from __future__ import annotations

import time
import uuid
from contextlib import ExitStack
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, TypeVar

import structlog

from etl_core.log.redaction import Redaction
from jobs.running.exit_codes import Ended, ExitCode, end_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    import sqlalchemy

    from dq.batch.batch_counts import BatchCounts
    from etl_core.audit.account import Account
    from etl_core.audit.record import Status
    from jobs.registry import Job
    from jobs.running.lineage import Teller

log = structlog.get_logger()

_T = TypeVar("_T")
_STATUS: Mapping[int, Status] = {
    ExitCode.OK: "succeeded",
    ExitCode.USAGE: "refused",
    ExitCode.TRY_AGAIN: "postponed",
}


@dataclass(frozen=True, slots=True)
class Doing:
    """What a job says it does; `states` counts objects by what became of them."""

    step: str = "run"
    subject: str | None = None
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    rows_in: int | None = None
    message: str | None = None
    states: Mapping[str, int] = field(default_factory=dict)

    @property
    def sentence(self) -> str | None:
        """What came of it, in words."""
        counts = ", ".join(f"{count} {state}" for state, count in sorted(self.states.items()) if count)
        return "; ".join(part for part in (self.message, counts) if part) or None


class JobRun:
    """The run that is under way; made by `run_job`. All lines of it, also those of its steps, carry `run_id`."""

    def __init__(self, run_id: str, job: Job | None = None, new_id: Callable[[], uuid.UUID] = uuid.uuid4) -> None:
        self.run_id, self.job, self._new_id = run_id, job, new_id
        self.database: sqlalchemy.Engine | None = None
        self.secrets: tuple[str, ...] = ()
        self.lineage: Teller | None = None
        self.doing = Doing()
        self._held = ExitStack()

    def account(self) -> Account | None:
        """What writes the lines of its steps; None where it is no run of a job."""
        from etl_core.audit.account import Account

        if self.job is None:
            return None
        return Account(self.job.name, self.job.version, self.run_id, self._new_id, Redaction(self.secrets))

    def hold(self, resource: AbstractContextManager[_T]) -> _T:
        """Open something that stays open until the line is written."""
        return self._held.enter_context(resource)

    def close(self) -> None:
        """Let go of everything that is held."""
        self._held.close()


def current_account() -> Account | None:
    """What writes the lines of the steps of this thread's job; None where none runs."""
    run = _CURRENT.get()
    return None if run is None else run.account()


_CURRENT: ContextVar[JobRun | None] = ContextVar("job_run", default=None)


def current_run() -> JobRun | None:
    """The run of this thread's job; None where somebody uses the parts of one without running it."""
    return _CURRENT.get()


def note(
    *,
    step: str | None = None,
    subject: str | None = None,
    inputs: Sequence[str] | None = None,
    outputs: Sequence[str] | None = None,
    rows_in: int | None = None,
    message: str | None = None,
    counts: BatchCounts | None = None,
) -> None:
    """Say what the job that is running does; what is said later wins, and the counts of batches add up."""
    run = current_run()
    if run is None:
        return
    said = {"step": step, "subject": subject, "rows_in": rows_in, "message": message}
    known: dict[str, object] = {name: value for name, value in said.items() if value is not None}
    known |= {name: tuple(texts) for name, texts in (("inputs", inputs), ("outputs", outputs)) if texts is not None}
    if counts is not None:
        before = run.doing.states
        names = before.keys() | counts.states.keys()
        known["states"] = {name: before.get(name, 0) + counts.states.get(name, 0) for name in names}
        known["rows_in"] = (run.doing.rows_in or 0) + counts.rows
    run.doing = replace(run.doing, **known)  # type: ignore[arg-type]  # named above


def run_job(
    job: Job,
    argv: Sequence[str],
    *,
    new_id: Callable[[], uuid.UUID] = uuid.uuid4,
    clock: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
) -> int:
    """Run a job to its end; its exit code. The audit has a say in neither.

    Args:
        job: from the registry.
        argv: the job's own arguments.
        new_id: gives the ids of the run and of its line.
        clock: tells the time, aware.
    """
    run, started = JobRun(new_id().hex, job, new_id), time.monotonic()
    token = _CURRENT.set(run)
    try:
        ended = end_of(job.entrypoint, argv)
        account = run.account()
        if run.database is not None and account is not None:
            _write(run.database, account, run.doing, ended, time.monotonic() - started, clock())
        if run.lineage is not None:
            run.lineage.finish()
        return ended.code
    finally:
        _CURRENT.reset(token)
        run.close()


def _write(
    database: sqlalchemy.Engine, account: Account, doing: Doing, ended: Ended, seconds: float, at: datetime
) -> None:
    from etl_core.audit.record import Step
    from etl_core.audit.table import write_audit

    step = Step(
        doing.step,
        _STATUS.get(ended.code, "failed"),
        at,
        subject=doing.subject,
        inputs=doing.inputs,
        outputs=doing.outputs,
        rows_in=doing.rows_in,
        message="; ".join(part for part in (ended.reason, doing.sentence) if part) or None,
        seconds=seconds,
    )
    try:
        write_audit(database, account.line_of_run(step))
    except Exception as error:  # noqa: BLE001 - whatever it is, the job has ended and its exit code stands
        hint = "`pipeline-processing migrate` makes the table where it is missing"
        log.warning("this run has no line in pipeline.audit", error=error, hint=hint)
