"""Who writes lines of the audit: a run of a job, whose lines share its name, version and number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from etl_core.audit.record import AuditRecord, Status
from etl_core.log.redaction import Redaction

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID


@dataclass(frozen=True, slots=True)
class Step:
    """What a step of a run did; the attributes are those of `AuditRecord`, `at` is when it ended."""

    name: str
    status: Status
    at: datetime
    subject: str | None = None
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    rows_in: int | None = None
    rows_out: int | None = None
    message: str | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Account:
    """A run of a job that is under way.

    Attributes:
        job: its name.
        job_version: of the distribution that brought it.
        run_id: the same for all lines of it.
        new_id: gives an identifier that nobody has.
        redaction: knows the secrets that must not be in a line.
    """

    job: str
    job_version: str
    run_id: str
    new_id: Callable[[], UUID]
    redaction: Redaction

    def line(self, step: Step) -> AuditRecord:
        """Make the line of a step, as it may be kept."""
        return AuditRecord(
            id=self.new_id(),
            at=step.at,
            job=self.job,
            job_version=self.job_version,
            run_id=self.run_id,
            step=step.name,
            status=step.status,
            duration_ms=max(round(step.seconds * 1000), 0),
            subject=step.subject,
            inputs=step.inputs,
            outputs=step.outputs,
            rows_in=step.rows_in,
            rows_out=step.rows_out,
            message=step.message,
        ).cleaned(self.redaction)


def object_inputs(object_id: int, version_id: str | None = None) -> tuple[str, ...]:
    """How a line names the row of the ledger it is about, and the version of the object.

    >>> object_inputs(17, "v1")
    ('object 17', 'version v1')
    """
    return (f"object {object_id}", *((f"version {version_id}",) if version_id else ()))
