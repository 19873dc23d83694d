"""One line of the account."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from etl_core.storable import storable

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from etl_core.log.redaction import Redaction

#: How it ended: `refused` needs somebody's hand (a setting, a table, an argument), `postponed` may go well later.
Status: TypeAlias = Literal["succeeded", "failed", "refused", "postponed"]

_LONGEST_TEXT = 2000
_MOST_NAMES = 100


@dataclass(frozen=True, slots=True)
class Step:
    """What a run did, or one step of it.

    Attributes:
        name: what part of the run, `run` for all of it.
        status: how it ended.
        at: when it ended, aware.
        subject: what it was about: an object, a table, a prefix.
        inputs: what it read, by name.
        outputs: what it wrote, by name.
        rows_in: rows it read; None where it reads none.
        rows_out: rows it wrote; None where it writes none.
        message: a sentence for people.
        seconds: how long it took.
    """

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

    def cleaned(self, redaction: Redaction) -> Step:
        """The step as it may be kept: without secrets, in texts that Postgres takes, none of them endless."""

        def clean(text: str) -> str:
            kept = storable(redaction.text(text))
            return kept if len(kept) <= _LONGEST_TEXT else f"{kept[: _LONGEST_TEXT - 3]}..."

        def names(texts: tuple[str, ...]) -> tuple[str, ...]:
            more = len(texts) - _MOST_NAMES
            return (*map(clean, texts[:_MOST_NAMES]), *((f"and {more} more",) if more > 0 else ()))

        return replace(
            self,
            subject=None if self.subject is None else clean(self.subject),
            inputs=names(self.inputs),
            outputs=names(self.outputs),
            message=None if self.message is None else clean(self.message),
        )


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """A step, and whose it was.

    Attributes:
        id: of this line.
        job: name of the job.
        job_version: of the distribution that brought the job.
        run_id: the same for all lines of one run.
        step: what was done.
    """

    id: UUID
    job: str
    job_version: str
    run_id: str
    step: Step
