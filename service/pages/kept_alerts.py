"""Alerts, where the database keeps them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import text

from etl_core.postgres.rights import may_read

if TYPE_CHECKING:
    from collections.abc import Sequence

    from etl_core.postgres.database import Connects


_TABLE: Final = "pipeline.alert"
_MOST_CLOSED: Final = 50
_OPEN: Final = text("""
    SELECT id, kind, subject, severity, opened_at, last_seen_at, resolved_at, text FROM pipeline.alert
    WHERE resolved_at IS NULL AND id < :before ORDER BY id DESC LIMIT :most
""")
#: By when they were opened, which there is an index of: those of the last month.
_CLOSED: Final = text("""
    SELECT id, kind, subject, severity, opened_at, last_seen_at, resolved_at, text FROM pipeline.alert
    WHERE resolved_at IS NOT NULL AND opened_at > (SELECT max(opened_at) FROM pipeline.alert) - interval '31 days'
    ORDER BY resolved_at DESC, id DESC LIMIT :most
""")
_COUNTED: Final = text(
    "SELECT kind, severity, count(*) FROM pipeline.alert WHERE resolved_at IS NULL GROUP BY kind, severity"
)


@dataclass(frozen=True, slots=True)
class KeptAlerts:
    """A page of those that are open, the newest first, and those that were closed last."""

    opened: Sequence[Any]
    closed: Sequence[Any]


def alerts_by_kind(engine: Connects) -> dict[tuple[str, str], int]:
    """How many alerts are open, by kind and severity; nothing where the database keeps none."""
    with engine.connect() as connection:
        if not may_read(connection, _TABLE):
            return {}
        return {(kind, severity): count for kind, severity, count in connection.execute(_COUNTED)}


def kept_alerts(engine: Connects, *, before: int | None = None, limit: int) -> KeptAlerts | None:
    """The alerts; None where the database keeps none.

    Args:
        engine: of who reads.
        before: number of the last open one of the page before; further pages have no closed ones.
        limit: open ones, at most so many.
    """
    with engine.connect() as connection:
        if not may_read(connection, _TABLE):
            return None
        asked = {"before": (1 << 63) - 1 if before is None else before, "most": limit}
        opened = connection.execute(_OPEN, asked).all()
        closed = () if before is not None else connection.execute(_CLOSED, {"most": _MOST_CLOSED}).all()
        return KeptAlerts(opened, closed)
