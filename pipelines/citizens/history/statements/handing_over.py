"""The statements of a load's turn that only hands its word over to another load: nothing is computed anew.

The rows that begin at the load that gave begin at the one that takes, and those that end there end there. Keys of which
a load says something that either of them brought into effect before, and still does, are left out: their intervals are
computed from their claims, as ever.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import case, exists, func, insert, literal, or_, select, update

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Insert, Select, Table, Update

    from pipelines.citizens.history.chain import Handover
    from pipelines.citizens.history.tables import HistoryTables, Workspace


def touch(tables: HistoryTables, rooms: Workspace, handover: Handover, *, shared: bool) -> Insert:
    """Fill `touched` with the keys that have to be computed anew (`shared`), or with those that are handed over."""
    claim = tables.claim
    is_shared = _is_shared(tables, claim, handover)
    keys = select(claim.c.key_id).where(claim.c.version_id.in_(handover.handed), is_shared if shared else ~is_shared)
    return insert(rooms.touched).from_select(["key_id"], keys.distinct())


def last_end(tables: HistoryTables, handover: Handover) -> Select[Any]:
    """Give the last end of the rows that are to begin on another day."""
    core = tables.core
    return select(func.max(core.c.valid_to)).where(_begins(core, handover), ~_is_shared(tables, core, handover))


def hand_over(tables: HistoryTables, handover: Handover) -> Update:
    """Let rows begin and end with the load that takes."""
    core, taker = tables.core, handover.taker
    begins, ends = _begins(core, handover), core.c.closed_by_version_id == handover.giver.version_id
    version, day = literal(taker.version_id), literal(taker.snapshot)
    # The number of a row is that of its key, and of its first day.
    number = core.c.surrogate_key + literal(handover.days)
    at_begin = {"surrogate_key": number, "valid_from": day, "version_id": version}
    at_end = {"valid_to": day, "closed_by_version_id": version}
    changes = {
        name: case((condition, value), else_=core.c[name])
        for condition, values in ((begins, at_begin), (ends, at_end))
        for name, value in values.items()
    }
    return update(core).values(changes).where(or_(begins, ends), ~_is_shared(tables, core, handover))


def _begins(core: Table, handover: Handover) -> ColumnElement[bool]:
    return core.c.version_id == handover.giver.version_id


def _is_shared(tables: HistoryTables, rows: Table, handover: Handover) -> ColumnElement[bool]:
    """Whether something else is said of a row's key that either load brings into effect."""
    said = tables.claim.alias("said")
    return exists().where(said.c.key_id == rows.c.key_id, said.c.version_id.in_(handover.kept)).correlate(rows)
