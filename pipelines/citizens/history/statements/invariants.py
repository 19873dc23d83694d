"""What holds of a core table after every change; each statement counts what does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import exists, func, literal, or_, select, true
from sqlalchemy.sql.expression import and_

from pipelines.citizens.history.tables import OPEN_END

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Select

    from pipelines.citizens.history.tables import HistoryTables, Workspace


def violations(tables: HistoryTables, rooms: Workspace) -> Mapping[str, Select[int]]:
    """Statements that give 0, by what is wrong otherwise; about the touched keys, since the others did not change."""
    core, touched, claim, chain = tables.core, rooms.touched, tables.claim, rooms.chain
    own = select(core).join_from(core, touched, touched.c.key_id == core.c.key_id).subquery("own")
    rows = select(
        *own.c,
        func.lead(own.c.valid_from).over(partition_by=own.c.key_id, order_by=own.c.valid_from).label("next_from"),
        func.lead(own.c.row_hash).over(partition_by=own.c.key_id, order_by=own.c.valid_from).label("next_hash"),
    ).subquery("in_order")
    is_open = rows.c.valid_to == literal(OPEN_END)
    gone = (
        exists()
        .where(
            claim.c.key_id == rows.c.key_id,
            claim.c.version_id == chain.c.version_id,
            chain.c.effective_version_id == rows.c.closed_by_version_id,
            claim.c.row_hash.is_(None),
        )
        .correlate(rows)
    )
    current = select(core.c.key_id).where(core.c.is_current == true()).group_by(core.c.key_id)
    wrong = {
        "rows overlap": rows.c.valid_to > rows.c.next_from,
        "rows end before they begin": rows.c.valid_from >= rows.c.valid_to,
        "rows leave a gap although nothing was gone": and_(~is_open, rows.c.valid_to < rows.c.next_from, ~gone),
        "rows follow each other and are alike": and_(
            rows.c.valid_to == rows.c.next_from, rows.c.row_hash == rows.c.next_hash
        ),
        "rows are open and not current, or current and not open": or_(
            and_(is_open, rows.c.is_current != true()),
            and_(~is_open, rows.c.is_current == true()),
        ),
        "rows are closed by no load": and_(~is_open, rows.c.closed_by_version_id.is_(None)),
    }
    counts = {what: select(func.count()).select_from(rows).where(condition) for what, condition in wrong.items()}
    twice = current.having(func.count() > 1).subquery("twice")
    return {**counts, "keys have two current rows": select(func.count()).select_from(twice)}


def current_rows(tables: HistoryTables) -> Select[int]:
    """Count the rows that hold now: as many as the newest effective snapshot has keys, unless deletes are ignored."""
    return select(func.count()).select_from(tables.core).where(tables.core.c.is_current == true())
