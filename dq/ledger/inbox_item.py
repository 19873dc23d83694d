"""Rows of the ledger and what happens to them, as frozen data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from datetime import datetime

    from dq.events.object_event import ObjectEvent

State: TypeAlias = Literal[
    "pending", "claimed", "done", "superseded", "ignored", "unconfigured", "bad_definition", "dead"
]
#: What a claimed row can end as by `finish`; `dead` comes from `fail`.
EndState: TypeAlias = Literal["done", "superseded", "ignored", "unconfigured", "bad_definition"]

#: Work that is left.
OPEN_STATES: tuple[State, ...] = ("pending", "claimed")
#: Ended as wanted.
GOOD_STATES: tuple[State, ...] = ("done", "superseded")
#: Ended without a verdict, each with its reason.
FAILURE_STATES: tuple[State, ...] = ("ignored", "unconfigured", "bad_definition", "dead")


@dataclass(frozen=True, slots=True)
class InboxItem:
    """A row handed out in a batch. `batch` and `owner` are its fence: only they may end it.

    `attempts` counts this one; `lost_leases` how often whoever held it vanished without a word.
    """

    id: int
    batch: int
    owner: str
    event: ObjectEvent
    attempts: int = 1
    lost_leases: int = 0


@dataclass(frozen=True, slots=True)
class Ending:
    """How a row ended. A failure state needs its `reason`.

    `read_version_id`, `read_etag` and `last_modified` (aware) describe the object that was read,
    `definition_fingerprint` the definition it was judged by. Identifiers are the database owner's,
    numbers or UUIDs.
    """

    state: EndState
    reason: str | None = None
    monitoring_file_id: object | None = None
    monitoring_file_run_id: object | None = None
    definition_fingerprint: str | None = None
    last_modified: datetime | None = None
    read_version_id: str | None = None
    read_etag: str | None = None


@dataclass(frozen=True, slots=True)
class Added:
    """What became of announced events: rows made, rows that were there already, rows opened again by force."""

    new: int = 0
    known: int = 0
    reopened: int = 0
    dead_letters: int = 0

    def __add__(self, other: Added) -> Added:
        """Both together."""
        return Added(
            self.new + other.new,
            self.known + other.known,
            self.reopened + other.reopened,
            self.dead_letters + other.dead_letters,
        )
