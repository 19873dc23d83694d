"""A condition that was found, and the alert that is kept of it while it lasts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

Kind: TypeAlias = Literal[
    "failed_verdict",
    "critical_rule",
    "score_drop",
    "late",
    "missing",
    "dead_letter",
    "failed_job",
    "backlog_age",
    "missed_announcements",
    "drift",
]
Severity: TypeAlias = Literal["warning", "critical"]


def severity_of(kind: Kind, critical: frozenset[Kind]) -> Severity:
    """How bad a kind is, where these are critical."""
    return "critical" if kind in critical else "warning"


#: Every kind, with what people call it.
KINDS: Final[Mapping[Kind, str]] = {
    "failed_verdict": "failed verdict",
    "critical_rule": "critical rule",
    "score_drop": "score drop",
    "late": "late",
    "missing": "missing",
    "dead_letter": "dead letter",
    "failed_job": "failed job",
    "backlog_age": "backlog",
    "missed_announcements": "missed announcements",
    "drift": "drift",
}
#: A kind, and the graver one that takes its place for the same subject: its end is no news then.
SUPERSEDED_BY: Final[Mapping[Kind, frozenset[Kind]]] = {
    "late": frozenset({"missing"}),
    "failed_verdict": frozenset({"critical_rule"}),
    "score_drop": frozenset({"critical_rule", "failed_verdict"}),
}


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that is wrong now.

    Attributes:
        kind: of what kind.
        subject: what it is about, the same every time it is found: an agency's file, an object, a job.
        text: a sentence made of names, counts and times; no value of a file, no text of somebody else.
        agency: whose it is; None for what is nobody's alone.
        to_slack: whether it may go to channels of Slack (`monitoring_file.notify_slack`).
    """

    kind: Kind
    subject: str
    text: str
    agency: str | None = None
    to_slack: bool = True


@dataclass(frozen=True, slots=True)
class Found:
    """What one look at the tables gave.

    Attributes:
        conditions: everything that is wrong.
        whole: the kinds of which everything was seen. An alert of another kind that was not found may still be so.
    """

    conditions: tuple[Condition, ...]
    whole: frozenset[Kind]


@dataclass(frozen=True, slots=True)
class Alert:
    """A row of `pipeline.alert`; moments are aware.

    Attributes:
        id: of the row.
        kind: as its condition.
        subject: as its condition.
        severity: how bad it is.
        text: as it was found last.
        agency: as its condition.
        to_slack: as its condition.
        opened_at: when it was first found.
        last_seen_at: when it was found last.
        resolved_at: when it was no longer found; None while it is open.
        notified_at: when the last message about it was put in the outbox; None where there was none.
        resolution_told: whether the end needs no message any more.
    """

    id: int
    kind: Kind
    subject: str
    severity: Severity
    text: str
    agency: str | None
    to_slack: bool
    opened_at: datetime
    last_seen_at: datetime
    resolved_at: datetime | None = None
    notified_at: datetime | None = None
    resolution_told: bool = False
