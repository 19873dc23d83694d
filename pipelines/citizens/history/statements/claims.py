"""The statements that write down what a load says differently from its neighbour in the chain.

With S the new load, P the one right before it and X the one right after it: claims(S) = state(S) - state(P), and those
of X are put on the new base: claims(X) = state(X) - state(S). What X says does not change by it. Where S differs from P
is decided in this process (`differences`), so only these rows travel to the warehouse.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, exists, func, insert, literal, select

if TYPE_CHECKING:
    from sqlalchemy import Delete, Insert, Select

    from pipelines.citizens.history.tables import HistoryTables, Workspace


def add_keys(tables: HistoryTables, rooms: Workspace, highest: int) -> Insert:
    """Number the keys that were never seen, above the `highest` number so far, in the order of their hashes."""
    incoming, key = rooms.incoming, tables.key
    columns = [incoming.c[column.name] for column in tables.dataset.keys]
    number = literal(highest) + func.row_number().over(order_by=incoming.c.key_hash)
    unseen = select(number, incoming.c.key_hash, *columns).where(
        ~exists().where(key.c.key_hash == incoming.c.key_hash).correlate(incoming)
    )
    return insert(key).from_select(["key_id", "key_hash", *(column.name for column in columns)], unseen)


def keys_with_one_hash(tables: HistoryTables, rooms: Workspace) -> Select[int]:
    """Count the keys that share a hash with another one; there are none but by a chance of about n² / 2⁶⁵."""
    incoming, key = rooms.incoming, tables.key
    same = and_(*(key.c[column.name] == incoming.c[column.name] for column in tables.dataset.keys))
    return select(func.count()).select_from(incoming.join(key, key.c.key_hash == incoming.c.key_hash)).where(~same)


def state_before(tables: HistoryTables, rooms: Workspace, ordinal: int) -> Select[Any]:
    """Give every key by the word of the load at `ordinal` of the chain, with what it was like; not those gone."""
    claim, chain, key = tables.claim, rooms.chain, tables.key
    latest = (
        select(
            claim.c.key_id,
            claim.c.row_hash,
            func.row_number().over(partition_by=claim.c.key_id, order_by=chain.c.ordinal.desc()).label("backwards"),
        )
        .join_from(claim, chain, chain.c.version_id == claim.c.version_id)
        .where(chain.c.ordinal <= ordinal)
        .subquery("latest")
    )
    return (
        select(key.c.key_hash, latest.c.row_hash, *(key.c[column.name] for column in tables.dataset.keys))
        .join_from(latest, key, key.c.key_id == latest.c.key_id)
        .where(latest.c.backwards == 1, latest.c.row_hash.is_not(None))
    )


def claim_differences(tables: HistoryTables, rooms: Workspace, version_id: int) -> Insert:
    """Write down the claims of the new load."""
    incoming, key = rooms.incoming, tables.key
    rows = (
        select(literal(version_id), key.c.key_id, incoming.c.row_hash)
        .join_from(incoming, key, key.c.key_hash == incoming.c.key_hash)
        .order_by(key.c.key_id)  # in another order the table's indexes grow wild
    )
    return insert(tables.claim).from_select(["version_id", "key_id", "row_hash"], rows)


def keep_values(tables: HistoryTables, rooms: Workspace) -> Insert:
    """Keep what things are like by the new load's claims, where that was never said before."""
    incoming, key, value = rooms.incoming, tables.key, tables.value
    columns = [incoming.c[column.name] for column in tables.dataset.tracked]
    rows = (
        select(key.c.key_id, incoming.c.row_hash, *columns)
        .join_from(incoming, key, key.c.key_hash == incoming.c.key_hash)
        .where(
            incoming.c.row_hash.is_not(None),
            ~exists()
            .where(value.c.key_id == key.c.key_id, value.c.row_hash == incoming.c.row_hash)
            .correlate(incoming, key),
        )
        .order_by(key.c.key_id)
    )
    return insert(value).from_select(["key_id", "row_hash", *(column.name for column in columns)], rows)


def rebase_added(tables: HistoryTables, rooms: Workspace, following: int) -> Insert:
    """Have the load after the new one say what it had in common with the one before; comes before `rebase_dropped`."""
    incoming, key, theirs = rooms.incoming, tables.key, tables.claim.alias("theirs")
    rows = (
        select(literal(following), key.c.key_id, incoming.c.before_hash)
        .join_from(incoming, key, key.c.key_hash == incoming.c.key_hash)
        .where(~exists().where(theirs.c.version_id == following, theirs.c.key_id == key.c.key_id).correlate(key))
    )
    return insert(tables.claim).from_select(["version_id", "key_id", "row_hash"], rows)


def rebase_dropped(tables: HistoryTables, version_id: int, following: int) -> Delete:
    """Have the load after the new one not repeat what the new one says already."""
    theirs, ours = tables.claim, tables.claim.alias("ours")
    return delete(theirs).where(
        theirs.c.version_id == following,
        exists()
        .where(
            ours.c.version_id == version_id,
            ours.c.key_id == theirs.c.key_id,
            ours.c.row_hash.is_not_distinct_from(theirs.c.row_hash),
        )
        .correlate(theirs),
    )
