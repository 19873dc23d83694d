"""Alerts, where the database keeps them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import text

from etl_core.postgres.rights import has_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Engine

_TABLE: Final = "pipeline.alert"
#: Open ones first.
_ALERTS: Final = text("""
    SELECT kind, subject, severity, opened_at, last_seen_at, resolved_at, text FROM pipeline.alert
    ORDER BY resolved_at IS NOT NULL, opened_at DESC LIMIT 200
""")
_COUNTED: Final = text(
    "SELECT kind, severity, count(*) FROM pipeline.alert WHERE resolved_at IS NULL GROUP BY kind, severity"
)


def alerts_by_kind(engine: Engine) -> dict[tuple[str, str], int]:
    """How many alerts are open, by kind and severity; nothing where the database keeps none."""
    with engine.connect() as connection:
        if not has_table(connection, _TABLE):
            return {}
        return {(kind, severity): count for kind, severity, count in connection.execute(_COUNTED)}


def open_alerts(engine: Engine) -> Sequence[Any] | None:
    """The newest alerts, those first that are open; None where the database keeps none."""
    with engine.connect() as connection:
        if not has_table(connection, _TABLE):
            return None
        return connection.execute(_ALERTS).all()
