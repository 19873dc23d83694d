"""A line of `pipeline.audit`, as lineage reads it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

    from operations.lineage.events.run_event import State

#: Names of runs are made from names of lines within it, so that a line that is told twice is one run.
_OURS: Final = uuid.uuid5(uuid.NAMESPACE_URL, "urn:pipeline-processing:lineage")
#: How a line's status is called there.
_STATES: Final[dict[str, State]] = {"succeeded": "COMPLETE", "failed": "FAIL", "refused": "FAIL", "postponed": "ABORT"}


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One line; attributes are the columns of the table."""

    id: uuid.UUID
    at: datetime
    job: str
    run_id: str
    step: str
    subject: str | None
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    rows_in: int | None
    rows_out: int | None
    status: str
    message: str | None
    duration_ms: int

    @property
    def is_of_run(self) -> bool:
        """Whether it is about a whole run of a job: such a line has the run's own number."""
        return self.id == as_uuid(self.run_id)

    @property
    def began(self) -> datetime:
        """When what it tells of began."""
        return self.at - timedelta(milliseconds=self.duration_ms)

    @property
    def state(self) -> State:
        """How it ended."""
        return _STATES.get(self.status, "FAIL")

    def named(self, kind: str) -> str | None:
        """What comes after a word among its inputs and outputs: `17` of `object 17`."""
        begin = f"{kind} "
        return next((one.removeprefix(begin) for one in (*self.inputs, *self.outputs) if one.startswith(begin)), None)

    def number(self, kind: str) -> int | None:
        """The same where it is a whole number."""
        found = self.named(kind)
        return int(found) if found is not None and found.isascii() and found.isdigit() else None


def as_uuid(run_id: str) -> uuid.UUID:
    """The number of a run of a job, which is one already unless somebody gave another."""
    try:
        return uuid.UUID(run_id)
    except ValueError:
        return number_of("run", run_id)


def number_of(*parts: object) -> uuid.UUID:
    """A number for a name, the same in every process."""
    return uuid.uuid5(_OURS, "\x1f".join(map(str, parts)))
