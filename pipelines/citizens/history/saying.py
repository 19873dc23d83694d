"""A snapshot's rows become the claims of its load."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyarrow as pa
from sqlalchemy import func, select

from pipelines.citizens.history.bulk import insert_rows, read_rows
from pipelines.citizens.history.chain import neighbours
from pipelines.citizens.history.differences import differences
from pipelines.citizens.history.errors import BrokenHistoryError
from pipelines.citizens.history.row_hashes import KEY_HASH, ROW_HASH, with_hashes
from pipelines.citizens.history.statements import claims
from pipelines.citizens.history.work import Work, know_sizes, walking_along_tables

if TYPE_CHECKING:
    from pipelines.citizens.history.chain import Link
    from pipelines.citizens.history.differences import Differences

_TYPES: Final = {"text": pa.string(), "date": pa.date32()}


def say(work: Work, rows: pa.Table, version_id: int) -> Differences:
    """Write down what a load says differently from its neighbours in the chain, which it has to be in.

    Args:
        work: of its dataset.
        rows: one a key, no key null.
        version_id: of the load.

    Returns:
        What it says differently from the load before it.

    Raises:
        BrokenHistoryError: two keys have one hash.
    """
    connection, dataset = work.connection, work.tables.dataset
    tables, rooms = work.tables, work.rooms
    before, after = neighbours(work.chain, version_id)
    hashed = with_hashes(rows.select([column.name for column in dataset.columns]), dataset)
    with walking_along_tables(connection, hashed.num_rows):
        state = _state(work, before)
    found = differences(hashed, state, dataset)
    insert_rows(connection, rooms.incoming, found.rows)
    know_sizes(work, rooms.incoming)
    highest = connection.scalar(select(func.max(tables.key.c.key_id))) or 0
    # Keys with the hash of one that is known are asked for before any is added, as each hash is there once.
    if twins := found.twins + (connection.scalar(claims.keys_with_one_hash(tables, rooms)) or 0):
        raise BrokenHistoryError(f"{dataset.name}: {twins} keys have the hash of another key; nothing was loaded")
    connection.execute(claims.add_keys(tables, rooms, highest))
    connection.execute(claims.claim_differences(tables, rooms, version_id))
    connection.execute(claims.keep_values(tables, rooms))
    if after is not None:
        connection.execute(claims.rebase_added(tables, rooms, after.load.version_id))
        connection.execute(claims.rebase_dropped(tables, version_id, after.load.version_id))
    return found


def _state(work: Work, link: Link | None) -> pa.Table:
    """The keys there are by the word of a load, with their hashes; none where there is no load."""
    schema = pa.schema(
        [(KEY_HASH, pa.int64()), (ROW_HASH, pa.int64())]
        + [(column.name, _TYPES[column.kind]) for column in work.tables.dataset.keys]
    )
    if link is None:
        return schema.empty_table()
    return read_rows(work.connection, claims.state_before(work.tables, work.rooms, link.ordinal), schema)
