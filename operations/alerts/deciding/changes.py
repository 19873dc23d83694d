"""What of the alerts that are kept changes with what was found: which open, go on, end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from operations.alerts.deciding.alert import Alert, Condition

if TYPE_CHECKING:
    from collections.abc import Iterable

    from operations.alerts.deciding.alert import Found


@dataclass(frozen=True, slots=True)
class Changes:
    """What becomes of each condition and each alert.

    Attributes:
        opened: conditions nobody knew of.
        seen: alerts that go on, each with its condition.
        resolved: alerts whose condition is no more.
        left: alerts of kinds that could not be seen whole: nothing is known of them.
    """

    opened: tuple[Condition, ...]
    seen: tuple[tuple[Alert, Condition], ...]
    resolved: tuple[Alert, ...]
    left: tuple[Alert, ...]

    def holds(self, conditions: int, alerts: int) -> bool:
        """Whether nothing is missing: conditions = opened + seen, and alerts = seen + resolved + left."""
        seen = len(self.seen)
        return conditions == len(self.opened) + seen and alerts == seen + len(self.resolved) + len(self.left)


def changes(found: Found, kept: Iterable[Alert]) -> Changes:
    """Hold what was found against the alerts that are open.

    Args:
        found: of two conditions of one kind and subject the first counts.
        kept: the open alerts, one at most of a kind and subject.
    """
    conditions = distinct(found.conditions)
    alerts = {(one.kind, one.subject): one for one in kept}
    gone = [one for name, one in alerts.items() if name not in conditions]
    return Changes(
        opened=tuple(one for name, one in conditions.items() if name not in alerts),
        seen=tuple((alerts[name], one) for name, one in conditions.items() if name in alerts),
        resolved=tuple(one for one in gone if one.kind in found.whole),
        left=tuple(one for one in gone if one.kind not in found.whole),
    )


def distinct(conditions: Iterable[Condition]) -> dict[tuple[str, str], Condition]:
    """The first condition of each kind and subject."""
    known: dict[tuple[str, str], Condition] = {}
    for one in conditions:
        known.setdefault((one.kind, one.subject), one)
    return known
