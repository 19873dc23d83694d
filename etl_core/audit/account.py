"""Who writes lines of the audit: a run of a job, whose lines share its name, version and number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import UUID

from etl_core.audit.record import AuditRecord
from etl_core.log.redaction import Redaction

if TYPE_CHECKING:
    from etl_core.audit.record import Step


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
        return AuditRecord(self.new_id(), self.job, self.job_version, self.run_id, step.cleaned(self.redaction))

    def line_of_run(self, step: Step) -> AuditRecord:
        """Make the line about the whole run, once: it has the run's own number, by which readers know it from steps."""
        return replace(self.line(step), id=UUID(self.run_id))


def object_inputs(object_id: int, version_id: str | None = None) -> tuple[str, ...]:
    """How a line names the row of the ledger it is about, and the version of the object.

    >>> object_inputs(17, "v1")
    ('object 17', 'version v1')
    """
    return (f"object {object_id}", *((f"version {version_id}",) if version_id else ()))
