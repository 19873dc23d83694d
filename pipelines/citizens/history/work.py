"""What the steps of one transaction share: the lock of the dataset, its chain of loads, and its temporary tables."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, insert, text

from pipelines.citizens.history.chain import Link, Load
from pipelines.citizens.history.errors import BrokenHistoryError
from pipelines.citizens.history.statements import versions
from pipelines.citizens.history.tables import (
    HistoryTables,
    Workspace,
    history_tables,
    make,
    workspace,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Table
    from sqlalchemy.engine import Connection

    from pipelines.citizens.history.dataset import Dataset

#: So many rows are a good part of a table, or the table is small.
_MANY = 10_000


@dataclass(frozen=True, slots=True)
class Work:
    """What the steps of one transaction share."""

    connection: Connection
    tables: HistoryTables
    rooms: Workspace
    chain: Sequence[Link]


def lock_dataset(connection: Connection, dataset: Dataset) -> None:
    """Wait for other writers of the dataset, and keep them waiting until this transaction ends."""
    if connection.execute(versions.take_turn(dataset)).rowcount == 0:
        raise BrokenHistoryError(f"meta.dataset has no row for {dataset.name!r}; apply the warehouse's DDL")


def loads_of(connection: Connection, dataset: Dataset) -> list[Load]:
    """All loads of a dataset, also those that were taken back."""
    found = connection.execute(versions.known_loads(dataset))
    return [Load(row.version_id, row.snapshot_month, _aware(row.landed_at), row.is_live) for row in found]


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def open_work(connection: Connection, dataset: Dataset, chain: Sequence[Link]) -> Work:
    """Make the temporary tables of a transaction, and tell them the chain."""
    plan_for_many_rows(connection)
    rooms = workspace(dataset, connection.dialect.name)
    make(connection, *rooms.tables)
    links = [
        {
            "version_id": link.load.version_id,
            "ordinal": link.ordinal,
            "effective_version_id": link.effective.version_id if link.effective else None,
            "effective_on": link.effective.snapshot if link.effective else None,
            "effective_day": link.effective_day,
        }
        for link in chain
    ]
    if links:
        connection.execute(insert(rooms.chain), links)
    return Work(connection, history_tables(dataset), rooms, chain)


def plan_for_many_rows(connection: Connection) -> None:
    """Let this transaction sort and join in memory, up to 256 MB a step, walk along indexes, and compile nothing."""
    if connection.dialect.name == "postgresql":
        for name, value in (("work_mem", "256MB"), ("random_page_cost", "1.1"), ("jit", "off")):
            connection.execute(text(f"SET LOCAL {name} = '{value}'"))


@contextmanager
def walking_along_tables(connection: Connection, rows: int | None = None) -> Iterator[None]:
    """Look no row up by itself meanwhile, where they are many: the planner takes joins by two columns to be small.

    Rows whose number is not known are many.
    """
    is_worth_it = connection.dialect.name == "postgresql" and (rows is None or rows >= _MANY)
    if is_worth_it:
        connection.execute(text("SET LOCAL enable_nestloop = off"))
    yield
    if is_worth_it:
        connection.execute(text("SET LOCAL enable_nestloop TO DEFAULT"))


def know_sizes(work: Work, *tables: Table) -> None:
    """Let the planner know how many rows tables have that were filled just now: it takes them for nearly empty.

    Of their columns it needs to know the numbers, which are what is joined.
    """
    if work.connection.dialect.name == "postgresql":
        for table in tables:
            numbers = ", ".join(column.name for column in table.c if isinstance(column.type, BigInteger))
            work.connection.execute(text(f"ANALYZE {table} ({numbers})"))
