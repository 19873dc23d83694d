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

    from sqlalchemy import ColumnElement, Delete, Insert, Over, Select, Subquery, Table, Update
    from sqlalchemy.sql.functions import FunctionElement

    from pipelines.citizens.history.tables import HistoryTables, Workspace

#: A surrogate key is that of the business key times this, plus the day of `valid_from`: the same whenever it is
#: computed, and below 2⁵³ for a hundred thousand million keys, which tools that know doubles only can hold.
_DAYS = 65_536
#: What is known of a key at a load that says something of it; columns of a row of the history that may change.
_POINT = ("key_id", "row_hash", "ordinal", "version_id", "valid_from", "day")
_NAMED = ("valid_to", "version_id", "closed_by_version_id")


def touch(tables: HistoryTables, rooms: Workspace, version_ids: Sequence[int]) -> Insert:
    """Fill `touched`: the keys that these loads claim something of."""
    claim = tables.claim
    keys = select(claim.c.key_id).where(claim.c.version_id.in_(version_ids))
    if len(version_ids) > 1:  # one load claims something of a key once
        keys = keys.distinct()
    return insert(rooms.touched).from_select(["key_id"], keys)


def compare(tables: HistoryTables, rooms: Workspace) -> Insert:
    """Fill `differing`: where the intervals of the touched keys are not what the core table has of them."""
    core, touched, differing = tables.core, rooms.touched, rooms.differing
    wanted = _intervals(tables, rooms).subquery("wanted")
    there = (
        select(core.c.surrogate_key, core.c.row_hash, *(core.c[name] for name in _NAMED))
        .join_from(core, touched, touched.c.key_id == core.c.key_id)
        .subquery("there")
    )
    rows = (
        select(
            func.coalesce(wanted.c.surrogate_key, there.c.surrogate_key),
            there.c.row_hash,
            there.c.valid_to,
            *(wanted.c[name] for name in ("key_id", "row_hash", "valid_from", *_NAMED)),
        )
        .select_from(wanted.outerjoin(there, there.c.surrogate_key == wanted.c.surrogate_key, full=True))
        .where(or_(*(there.c[name].is_distinct_from(wanted.c[name]) for name in ("row_hash", *_NAMED))))
    )
    return insert(differing).from_select([column.name for column in differing.c], rows)


def _intervals(tables: HistoryTables, rooms: Workspace) -> Select[Any]:
    """The intervals of the touched keys; all windows have one order, so that claims are sorted once."""
    claim, chain, touched = tables.claim, rooms.chain, rooms.touched
    effective = (
        select(
            claim.c.key_id,
            claim.c.row_hash,
            chain.c.ordinal,
            chain.c.effective_version_id.label("version_id"),
            chain.c.effective_on.label("valid_from"),
            chain.c.effective_day.label("day"),
            func.lead(chain.c.effective_on)
            .over(partition_by=claim.c.key_id, order_by=chain.c.ordinal)
            .label("next_from"),
        )
        .select_from(
            claim.join(chain, chain.c.version_id == claim.c.version_id).join(
                touched, touched.c.key_id == claim.c.key_id
            )
        )
        .where(chain.c.effective_version_id.is_not(None))
        .subquery("effective")
    )
    # Of the claims that one load brings into effect the last one counts.
    counts = effective.c.next_from.is_distinct_from(effective.c.valid_from)
    if tables.dataset.deletes == "ignore":
        counts = and_(counts, effective.c.row_hash.is_not(None))
    points = (
        select(
            *(effective.c[name] for name in _POINT),
            _along(func.lag(effective.c.row_hash), effective).label("hash_before"),
            _along(func.row_number(), effective).label("place"),
        )
        .where(counts)
        .subquery("points")
    )
    changes = (
        select(
            *(points.c[name] for name in _POINT),
            _along(func.lead(points.c.valid_from), points).label("valid_to"),
            _along(func.lead(points.c.version_id), points).label("closed_by_version_id"),
        )
        .where(or_(points.c.place == 1, points.c.row_hash.is_distinct_from(points.c.hash_before)))
        .subquery("changes")
    )
    return select(
        (changes.c.key_id * literal(_DAYS) + changes.c.day).label("surrogate_key"),
        changes.c.key_id,
        changes.c.row_hash,
        changes.c.valid_from,
        func.coalesce(changes.c.valid_to, literal(OPEN_END)).label("valid_to"),
        changes.c.version_id,
        changes.c.closed_by_version_id,
    ).where(changes.c.row_hash.is_not(None))


def ends_of_changes(rooms: Workspace) -> Select[Any]:
    """Give the last ends of the rows that go, and of those that come."""
    differing = rooms.differing
    return select(
        func.max(case((_goes(differing), differing.c.end_before))),
        func.max(case((_comes(differing), differing.c.valid_to))),
    )


def drop_rows(tables: HistoryTables, rooms: Workspace) -> Delete:
    """Drop the rows of touched keys that are not wanted, or wanted with other values."""
    core, differing = tables.core, rooms.differing
    return delete(core).where(
        exists().where(differing.c.surrogate_key == core.c.surrogate_key, _goes(differing)).correlate(core)
    )


def change_rows(tables: HistoryTables, rooms: Workspace) -> Update:
    """Change where rows end and which loads they name."""
    core, differing = tables.core, rooms.differing
    return (
        update(core)
        .values({name: differing.c[name] for name in _NAMED} | {"is_current": _is_open(differing.c.valid_to)})
        .where(core.c.surrogate_key == differing.c.surrogate_key, differing.c.row_hash == differing.c.hash_before)
    )


def add_rows(tables: HistoryTables, rooms: Workspace) -> Insert:
    """Add the rows that are not there yet, in the order of keys: in another one the table's index grows wild.

    Hashes are in the order only because values are found by both, so that nobody has to sort whole rows.
    """
    core, differing, key, value = tables.core, rooms.differing, tables.key, tables.value
    own = [column.name for column in tables.dataset.keys]
    tracked = [column.name for column in tables.dataset.tracked]
    rows = (
        select(
            differing.c.surrogate_key,
            differing.c.key_id,
            *(key.c[name] for name in own),
            *(value.c[name] for name in tracked),
            differing.c.valid_from,
            differing.c.valid_to,
            _is_open(differing.c.valid_to),
            differing.c.row_hash,
            differing.c.version_id,
            differing.c.closed_by_version_id,
        )
        .select_from(
            differing.join(key, key.c.key_id == differing.c.key_id).join(
                value, and_(value.c.key_id == differing.c.key_id, value.c.row_hash == differing.c.row_hash)
            )
        )
        .where(_comes(differing))
        .order_by(differing.c.key_id, differing.c.row_hash)
    )
    names = ["surrogate_key", "key_id", *own, *tracked, "valid_from", "valid_to", "is_current", "row_hash"]
    columns = [core.c[name] for name in (*names, "version_id", "closed_by_version_id")]
    return insert(core).from_select(columns, rows)


def _goes(differing: Table) -> ColumnElement[bool]:
    """Whether a row is there that is not wanted, or wanted with other values."""
    is_other = or_(differing.c.row_hash.is_(None), differing.c.row_hash != differing.c.hash_before)
    return and_(differing.c.hash_before.is_not(None), is_other)


def _comes(differing: Table) -> ColumnElement[bool]:
    """Whether a row is wanted that is not there, or there with other values."""
    is_other = or_(differing.c.hash_before.is_(None), differing.c.row_hash != differing.c.hash_before)
    return and_(differing.c.row_hash.is_not(None), is_other)


def _along(function: FunctionElement[Any], rows: Subquery[Any]) -> Over[Any]:
    """A window function along the history of each key."""
    return function.over(partition_by=rows.c.key_id, order_by=rows.c.ordinal)


def _is_open(end: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether a row holds until further notice, as a value: SQL Server has conditions, and bits."""
    return case((end == literal(OPEN_END), true()), else_=false())
