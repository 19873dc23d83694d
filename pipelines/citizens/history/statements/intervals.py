"""The statements that compute the intervals of the touched keys from the claims, and bring the core table there.

Per key: its claims in the order of the chain, each at the load that brings it into effect (the last of those that one
load brings counts); neighbours that are alike become one; the end is where the next begins; what is gone is no row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, case, delete, exists, false, func, insert, literal, or_, select, true, update

from pipelines.citizens.history.tables import OPEN_END

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from sqlalchemy import ColumnElement, Delete, Insert, Over, Select, Subquery, Update
    from sqlalchemy.sql.functions import FunctionElement

    from pipelines.citizens.history.tables import HistoryTables, Workspace

#: A surrogate key is that of the business key times this, plus the day of `valid_from`: the same whenever it is
#: computed, and below 2⁵³ for a hundred thousand million keys, which tools that know doubles only can hold.
_DAYS = 65_536


def touch(tables: HistoryTables, rooms: Workspace, version_ids: Sequence[int]) -> Insert:
    """Fill `touched`: the keys that these loads claim something of."""
    claim = tables.claim
    keys = select(claim.c.key_id).where(claim.c.version_id.in_(version_ids)).distinct()
    return insert(rooms.touched).from_select(["key_id"], keys)


def compute(tables: HistoryTables, rooms: Workspace) -> Insert:
    """Fill `wanted`: the intervals of the touched keys."""
    claim, chain, touched = tables.claim, rooms.chain, rooms.touched
    by_load = (
        select(
            claim.c.key_id,
            claim.c.row_hash,
            chain.c.effective_version_id.label("version_id"),
            chain.c.effective_on.label("valid_from"),
            chain.c.effective_day.label("day"),
            func.row_number()
            .over(partition_by=[claim.c.key_id, chain.c.effective_version_id], order_by=chain.c.ordinal.desc())
            .label("backwards"),
        )
        .select_from(
            claim.join(chain, chain.c.version_id == claim.c.version_id).join(
                touched, touched.c.key_id == claim.c.key_id
            )
        )
        .where(chain.c.effective_version_id.is_not(None))
        .subquery("by_load")
    )
    counts = by_load.c.backwards == 1
    if tables.dataset.deletes == "ignore":
        counts = and_(counts, by_load.c.row_hash.is_not(None))
    points = (
        select(
            *(by_load.c[name] for name in ("key_id", "row_hash", "version_id", "valid_from", "day")),
            func.lag(by_load.c.row_hash)
            .over(partition_by=by_load.c.key_id, order_by=by_load.c.valid_from)
            .label("hash_before"),
            func.row_number().over(partition_by=by_load.c.key_id, order_by=by_load.c.valid_from).label("place"),
        )
        .where(counts)
        .subquery("points")
    )
    changes = (
        select(
            *(points.c[name] for name in ("key_id", "row_hash", "version_id", "valid_from", "day")),
            func.lead(points.c.valid_from)
            .over(partition_by=points.c.key_id, order_by=points.c.valid_from)
            .label("valid_to"),
            func.lead(points.c.version_id)
            .over(partition_by=points.c.key_id, order_by=points.c.valid_from)
            .label("closed_by"),
        )
        .where(or_(points.c.place == 1, points.c.row_hash.is_distinct_from(points.c.hash_before)))
        .subquery("changes")
    )
    rows = select(
        changes.c.key_id * literal(_DAYS) + changes.c.day,
        changes.c.key_id,
        changes.c.row_hash,
        changes.c.valid_from,
        func.coalesce(changes.c.valid_to, literal(OPEN_END)),
        changes.c.version_id,
        changes.c.closed_by,
    ).where(changes.c.row_hash.is_not(None))
    return insert(rooms.wanted).from_select(
        ["surrogate_key", "key_id", "row_hash", "valid_from", "valid_to", "version_id", "closed_by_version_id"], rows
    )


def ends_of_changes(tables: HistoryTables, rooms: Workspace) -> tuple[Select[date], Select[date]]:
    """Give the last ends of the rows that go, and of those that come; asked before they do."""
    core, touched, wanted = tables.core, rooms.touched, rooms.wanted
    same = and_(wanted.c.surrogate_key == core.c.surrogate_key, wanted.c.row_hash == core.c.row_hash)
    going = (
        select(func.max(core.c.valid_to))
        .join_from(core, touched, touched.c.key_id == core.c.key_id)
        .where(~exists().where(same).correlate(core))
    )
    coming = select(func.max(wanted.c.valid_to)).where(~exists().where(same).correlate(wanted))
    return going, coming


def drop_rows(tables: HistoryTables, rooms: Workspace) -> Delete:
    """Drop the rows of touched keys that are not wanted, or wanted with other values."""
    core, touched, wanted = tables.core, rooms.touched, rooms.wanted
    return delete(core).where(
        exists().where(touched.c.key_id == core.c.key_id).correlate(core),
        ~exists()
        .where(wanted.c.surrogate_key == core.c.surrogate_key, wanted.c.row_hash == core.c.row_hash)
        .correlate(core),
    )


def change_rows(tables: HistoryTables, rooms: Workspace) -> Update:
    """Change where rows end and which loads they name."""
    core, wanted = tables.core, rooms.wanted
    named = ("valid_to", "version_id", "closed_by_version_id")
    return (
        update(core)
        .values({name: wanted.c[name] for name in named} | {"is_current": _is_open(wanted.c.valid_to)})
        .where(
            core.c.surrogate_key == wanted.c.surrogate_key,
            or_(*(core.c[name].is_distinct_from(wanted.c[name]) for name in named)),
        )
    )


def add_rows(tables: HistoryTables, rooms: Workspace) -> Insert:
    """Add the rows that are not there yet, in the order of keys: in another one the table's index grows wild.

    Hashes are in the order only because values are found by both, so that nobody has to sort whole rows.
    """
    core, wanted, key, value = tables.core, rooms.wanted, tables.key, tables.value
    own = [column.name for column in tables.dataset.keys]
    tracked = [column.name for column in tables.dataset.tracked]
    rows = (
        select(
            wanted.c.surrogate_key,
            wanted.c.key_id,
            *(key.c[name] for name in own),
            *(value.c[name] for name in tracked),
            wanted.c.valid_from,
            wanted.c.valid_to,
            _is_open(wanted.c.valid_to),
            wanted.c.row_hash,
            wanted.c.version_id,
            wanted.c.closed_by_version_id,
        )
        .select_from(
            wanted.join(key, key.c.key_id == wanted.c.key_id).join(
                value, and_(value.c.key_id == wanted.c.key_id, value.c.row_hash == wanted.c.row_hash)
            )
        )
        .where(~exists().where(core.c.surrogate_key == wanted.c.surrogate_key).correlate(wanted))
        .order_by(wanted.c.key_id, wanted.c.row_hash)
    )
    names = ["surrogate_key", "key_id", *own, *tracked, "valid_from", "valid_to", "is_current", "row_hash"]
    columns = [core.c[name] for name in (*names, "version_id", "closed_by_version_id")]
    return insert(core).from_select(columns, rows)


def _along(function: FunctionElement[Any], rows: Subquery[Any]) -> Over[Any]:
    """A window function along the history of each key."""
    return function.over(partition_by=rows.c.key_id, order_by=rows.c.valid_from)


def _is_open(end: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether a row holds until further notice, as a value: SQL Server has conditions, and bits."""
    return case((end == literal(OPEN_END), true()), else_=false())
