"""The line of the audit that goes with what became of an object, in the transaction that says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from etl_core.audit.account import object_inputs
from etl_core.audit.record import Step
from etl_core.audit.table import send_line

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from dq.batch.doors import Doors
    from dq.ledger.inbox_item import InboxItem
    from etl_core.audit.record import Status
    from etl_core.postgres.transaction import Transaction

#: The step that such lines are of.
VERDICT = "verdict"
#: What a state of the ledger means; all others need somebody's hand.
_STATUS: Mapping[str, Status] = {
    "done": "succeeded",
    "superseded": "succeeded",
    "pending": "postponed",
    "dead": "failed",
}


@dataclass(frozen=True, slots=True)
class Told:
    """What is to be said of an ending beside its state: why, what was read, and where the result is."""

    reason: str | None = None
    version_id: str | None = None
    rows: int | None = None
    outputs: tuple[str, ...] = ()


def note_ending(transaction: Transaction, doors: Doors, item: InboxItem, state: str, now: datetime, told: Told) -> None:
    """Note how an object ended; nothing where no job is under way."""
    if doors.account is None:
        return
    event, began = item.event, item.claimed_at
    step = Step(
        VERDICT,
        _STATUS.get(state, "refused"),
        now,
        subject=f"s3://{event.bucket}/{event.key}",
        inputs=object_inputs(item.id, told.version_id or event.version_id),
        outputs=told.outputs,
        rows_in=told.rows,
        message=f"{state}: {told.reason}" if told.reason else state,
        seconds=0.0 if began is None else (now - began).total_seconds(),
    )
    send_line(transaction, doors.account.line(step))
