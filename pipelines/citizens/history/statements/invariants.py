"""What holds of a core table after every change; the statements count what does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import case, exists, func, literal, or_, select, true
from sqlalchemy.sql.expression import and_

from pipelines.citizens.history.tables import OPEN_END

if TYPE_CHECKING:
    from sqlalchemy import FromClause, Select, Subquery

    from pipelines.citizens.history.tables import HistoryTables, Workspace


#: Columns of a core table that name loads.
_NAMED = ("version_id", "closed_by_version_id")


def violations(
    tables: HistoryTables, rooms: Workspace, *, everywhere: bool = False
) -> tuple[tuple[str, ...], Select[Any]]:
    """Say what may be wrong, and give the statement that counts each of it, in this order: all zeros or nulls.

    It is about the touched keys, since the others did not change, or about all (`everywhere`), which is less work where
    most of them were touched; and walks along them once.
    """
    claim, chain, rows = tables.claim, rooms.chain, _in_order(tables, rooms, everywhere=everywhere)
    # Joined, not looked up for each row: the loads are few.
    named = {name: chain.alias(f"of_{name}") for name in _NAMED}
    known: FromClause = rows
    for name, load in named.items():
        known = known.outerjoin(load, load.c.version_id == rows.c[name])
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
    wrong = {
        "rows overlap": rows.c.valid_to > rows.c.next_from,
        "rows hold now and others follow, so that a key has two current ones": and_(
            rows.c.is_current == true(), rows.c.next_from.is_not(None)
        ),
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
        "rows name loads that there are not": or_(
            *(and_(rows.c[name].is_not(None), load.c.version_id.is_(None)) for name, load in named.items())
        ),
    }
    # SQL Server sums no expression that has a subquery in it, so the flags are columns first.
    flags = (
        select(*(case((condition, 1), else_=0).label(f"flag_{at}") for at, condition in enumerate(wrong.values())))
        .select_from(known)
        .subquery("flags")
    )
    return tuple(wrong), select(*(func.sum(flag).label(flag.name) for flag in flags.c))


def _in_order(tables: HistoryTables, rooms: Workspace, *, everywhere: bool) -> Subquery:
    """The rows of each key, with the beginning and the hash of the one that follows."""
    core, touched = tables.core, rooms.touched
    of_keys = select(
        *(core.c[name] for name in ("key_id", "valid_from", "valid_to", "is_current", "row_hash", *_NAMED))
    )
    if not everywhere:
        of_keys = of_keys.join_from(core, touched, touched.c.key_id == core.c.key_id)
    own = of_keys.subquery("own")
    return select(
        *own.c,
        func.lead(own.c.valid_from).over(partition_by=own.c.key_id, order_by=own.c.valid_from).label("next_from"),
        func.lead(own.c.row_hash).over(partition_by=own.c.key_id, order_by=own.c.valid_from).label("next_hash"),
    ).subquery("in_order")


def current_rows(tables: HistoryTables) -> Select[int]:
    """Count the rows that hold now: as many as the newest effective snapshot has keys, unless deletes are ignored."""
    return select(func.count()).select_from(tables.core).where(tables.core.c.is_current == true())
