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
    """One table: its runs and their rows, where read = silver + quarantined + malformed; loads that are held or failed."""

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
    rows = (_C.rows_read, _C.rows_silver, _C.rows_quarantined, _C.rows_malformed)
    query = (
        select(
            _C.table,
            func.count().filter(loaded),
            *(func.coalesce(func.sum(column).filter(loaded), 0) for column in rows),
            *(func.count().filter(_C.state == state) for state in ("held", "failed")),
            func.max(_C.finished_at).filter(loaded),
        )
        .group_by(_C.table)
        .order_by(_C.table)
    )
    with engine.connect() as connection:
        return tuple(
            TableFigures(table, runs, *(int(one) for one in figures), newest)
            for table, runs, *figures, newest in connection.execute(query)
        )
