"""Rows of the ledger and what happens to them, as frozen data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from datetime import datetime

    from dq.events.object_event import ObjectEvent
    from dq.events.run_window import WindowSource

State: TypeAlias = Literal[
    "pending", "claimed", "done", "superseded", "gone", "ignored", "unconfigured", "bad_definition", "dead"
]
#: What a claimed row can end as by `finish`; `dead` comes from `fail`.
EndState: TypeAlias = Literal["done", "superseded", "gone", "ignored", "unconfigured", "bad_definition"]

#: Work that is left.
OPEN_STATES: tuple[State, ...] = ("pending", "claimed")
#: Ended as wanted.
GOOD_STATES: tuple[State, ...] = ("done", "superseded")
#: Ended without a verdict, each with its reason.
FAILURE_STATES: tuple[State, ...] = ("gone", "ignored", "unconfigured", "bad_definition", "dead")
#: Ended until somebody adds the file or mends the definition, and due again when that has happened.
WAITING_STATES: tuple[State, ...] = ("unconfigured", "bad_definition")


@dataclass(frozen=True, slots=True)
class InboxItem:
    """A row handed out in a batch. `batch` and `owner` are its fence: only they may end it.

    `attempts` counts this one; `lost_leases` how often whoever held it vanished without a word. `received_at` and
    `claimed_at`, aware, are when the ledger got it and when it was handed out. `run_window` is where the window of its
    run comes from, None where the announcement left that to the settings. `alone`: it brought down a process, or a
    worker, and is in a batch of its own.
    """

    id: int
    batch: int
    owner: str
    event: ObjectEvent
    attempts: int = 1
    lost_leases: int = 0
    received_at: datetime | None = None
    claimed_at: datetime | None = None
    run_window: WindowSource | None = None
    alone: bool = False

    @property
    def is_suspect(self) -> bool:
        """Whether it may bring down the process that reads it, by what happened before."""
        return self.alone or self.lost_leases > 0


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a row waits for: this file, or another definition of it than the one of this digest."""

    agency_slug: str
    file_name: str
    definition_digest: str | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    """How a row ended. A failure state needs its `reason`.

    `read_version_id`, `read_etag` and `last_modified` (aware) describe the object that was read,
    `definition_fingerprint` the definition it was judged by. Identifiers are the database owner's,
    numbers or UUIDs. `waits_for` goes with the states in `WAITING_STATES`.
    """

    state: EndState
    reason: str | None = None
    monitoring_file_id: object | None = None
    monitoring_file_run_id: object | None = None
    definition_fingerprint: str | None = None
    last_modified: datetime | None = None
    read_version_id: str | None = None
    read_etag: str | None = None
    waits_for: Waiting | None = None


@dataclass(frozen=True, slots=True)
class Added:
    """What became of announced events: rows made, rows that were there already, dead letters made."""

    new: int = 0
    known: int = 0
    dead_letters: int = 0

    def __add__(self, other: Added) -> Added:
        """Both together."""
        return Added(self.new + other.new, self.known + other.known, self.dead_letters + other.dead_letters)
