"""A snapshot's rows become the claims of its load."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from pipelines.citizens.history.bulk import insert_rows
from pipelines.citizens.history.chain import neighbours
from pipelines.citizens.history.errors import BrokenHistoryError
from pipelines.citizens.history.row_hashes import with_hashes
from pipelines.citizens.history.statements import claims
from pipelines.citizens.history.work import Work, know_sizes

if TYPE_CHECKING:
    import pyarrow as pa


def say(work: Work, rows: pa.Table, version_id: int) -> None:
    """Write down what a load says differently from its neighbours in the chain, which it has to be in.

    Args:
        work: of its dataset.
        rows: one a key, no key null.
        version_id: of the load.

    Raises:
        BrokenHistoryError: two keys have one hash.
    """
    connection, dataset = work.connection, work.tables.dataset
    tables, rooms = work.tables, work.rooms
    hashed = with_hashes(rows.select([column.name for column in dataset.columns]), dataset)
    insert_rows(connection, rooms.incoming, hashed)
    know_sizes(work, rooms.incoming)
    highest = connection.scalar(select(func.max(tables.key.c.key_id))) or 0
    connection.execute(claims.add_keys(tables, rooms, highest))
    if twins := connection.scalar(claims.keys_with_one_hash(tables, rooms)):
        raise BrokenHistoryError(f"{dataset.name}: {twins} keys have the hash of another key; nothing was loaded")
    connection.execute(claims.say(tables, rooms))
    before, after = neighbours(work.chain, version_id)
    if before is not None:
        connection.execute(claims.remember_before(tables, rooms, before.ordinal))
    know_sizes(work, rooms.said, rooms.before)
    connection.execute(claims.claim_differences(tables, rooms, version_id))
    connection.execute(claims.keep_values(tables, rooms, version_id))
    if after is not None:
        connection.execute(claims.rebase_added(tables, rooms, version_id, after.load.version_id))
        connection.execute(claims.rebase_dropped(tables, version_id, after.load.version_id))
