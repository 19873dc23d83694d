"""A history computed anew from what was staged: the check that it is what its loads say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Column as SqlColumn
from sqlalchemy import MetaData, delete, func, insert, or_, select

from pipelines.citizens.history.chain import chain_of
from pipelines.citizens.history.recompute import recompute_all
from pipelines.citizens.history.saying import say
from pipelines.citizens.history.tables import history_tables, make, temporary_table
from pipelines.citizens.history.work import loads_of, lock_dataset, open_work

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa
    from sqlalchemy import Table
    from sqlalchemy.engine import Connection

    from pipelines.citizens.history.dataset import Dataset


def rebuild(connection: Connection, dataset: Dataset, rows_of: Callable[[int], pa.Table]) -> int:
    """Forget what was computed, and compute it from the rows of all loads, dead ones too; keys keep their numbers.

    Args:
        connection: in a transaction.
        dataset: whose history.
        rows_of: gives the rows of a version, one a key.

    Returns:
        How many rows of the core table are others than before: 0 where all was well.

    Raises:
        BrokenHistoryError: the rows of the loads make no history.
    """
    lock_dataset(connection, dataset)
    tables = history_tables(dataset)
    before = _remember(connection, tables.core)
    for table in (tables.core, tables.value, tables.claim):
        connection.execute(delete(table))
    loads = sorted(loads_of(connection, dataset), key=lambda load: load.version_id)
    for count, load in enumerate(loads, 1):
        say(open_work(connection, dataset, chain_of(loads[:count])), rows_of(load.version_id), load.version_id)
    recompute_all(open_work(connection, dataset, chain_of(loads)))
    return _differing(connection, before, tables.core)


def _remember(connection: Connection, core: Table) -> Table:
    columns = [SqlColumn(column.key, column.type) for column in core.c]
    before = temporary_table(MetaData(), connection.dialect.name, "rebuilt", *columns)
    make(connection, before)
    connection.execute(insert(before).from_select(core.c.keys(), select(*core.c)))
    return before


def _differing(connection: Connection, before: Table, core: Table) -> int:
    joined = before.outerjoin(core, core.c.surrogate_key == before.c.surrogate_key, full=True)
    others = or_(*(was.is_distinct_from(now) for was, now in zip(before.c, core.c, strict=True)))
    return connection.scalar(select(func.count()).select_from(joined).where(others)) or 0
