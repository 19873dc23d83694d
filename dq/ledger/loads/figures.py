"""How much of each table the ledger knows of: rows that are there now, and objects that are not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from dq.ledger.tables import silver_load

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.engine import Engine

_C = silver_load.c


@dataclass(frozen=True, slots=True)
class TableFigures:
    """One table: its runs and their rows (read = silver + quarantined + malformed); loads that are held or failed."""

    table: str
    runs: int
    read: int
    silver: int
    quarantined: int
    malformed: int
    held: int
    failed: int
    newest: datetime | None


def table_figures(engine: Engine) -> tuple[TableFigures, ...]:
    """Every table that something was lifted to, or was to be, by name."""
    loaded = _C.state == "loaded"
    rows = {
        "read": _C.rows_read,
        "silver": _C.rows_silver,
        "quarantined": _C.rows_quarantined,
        "malformed": _C.rows_malformed,
    }
    query = (
        select(
            _C.table,
            func.count().filter(loaded).label("runs"),
            *(func.coalesce(func.sum(column).filter(loaded), 0).label(name) for name, column in rows.items()),
            *(func.count().filter(_C.state == state).label(state) for state in ("held", "failed")),
            func.max(_C.finished_at).filter(loaded).label("newest"),
        )
        .group_by(_C.table)
        .order_by(_C.table)
    )
    with engine.connect() as connection:
        found = connection.execute(query).mappings().all()
    return tuple(TableFigures(**{**row, **{name: int(row[name]) for name in rows}}) for row in found)
