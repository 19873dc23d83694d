"""The tables of a historised dataset, for statements; `conf/sql/warehouse` makes the lasting ones.

Lasting: `core.D` (the history people read), and beside it `core.D_key` (a number for each business key), `core.D_value`
(what a thing was like, once for each row hash) and `core.D_claim` (what each load says differently from the load before
it in the chain; null: the thing is gone). `meta.dataset_version` has the loads. For one transaction: `Workspace`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Date,
    DateTime,
    Identity,
    Integer,
    MetaData,
    String,
    Table,
    Unicode,
)
from sqlalchemy import Column as SqlColumn

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection
    from sqlalchemy.types import TypeEngine

    from pipelines.citizens.history.dataset import Column, Dataset

CORE, META = "core", "meta"
#: `valid_to` of what holds until further notice.
OPEN_END = date(9999, 12, 31)
_known = MetaData()

dataset_table = Table(
    "dataset",
    _known,
    SqlColumn("name", String(100), primary_key=True),
    SqlColumn("generation", BigInteger, nullable=False),
    schema=META,
)
version_table = Table(
    "dataset_version",
    _known,
    SqlColumn("version_id", BigInteger, Identity(), primary_key=True),
    SqlColumn("dataset", String(100), nullable=False),
    SqlColumn("snapshot_month", Date, nullable=False),
    SqlColumn("landed_at", DateTime(timezone=True), nullable=False),
    SqlColumn("ingestion_id", BigInteger),
    SqlColumn("is_live", Boolean, nullable=False),
    SqlColumn("row_count", BigInteger, nullable=False),
    SqlColumn("new_count", BigInteger, nullable=False),
    SqlColumn("changed_count", BigInteger, nullable=False),
    SqlColumn("unchanged_count", BigInteger, nullable=False),
    SqlColumn("gone_count", BigInteger, nullable=False),
    SqlColumn("loaded_at", DateTime(timezone=True), nullable=False),
    SqlColumn("rolled_back_at", DateTime(timezone=True)),
    schema=META,
)


def sql_type(column: Column) -> TypeEngine[Any]:
    """The type a column has in the warehouse."""
    return Date() if column.kind == "date" else Unicode(column.length)


@dataclass(frozen=True, slots=True)
class HistoryTables:
    """The lasting tables of one dataset."""

    dataset: Dataset
    key: Table
    value: Table
    claim: Table
    core: Table


@cache  # also for what SQLAlchemy remembers of statements, which it knows by their tables
def history_tables(dataset: Dataset) -> HistoryTables:
    """Describe the tables of a dataset, as the DDL makes them."""
    known = MetaData(schema=CORE)
    tracked = [_column(column, nullable=True) for column in dataset.tracked]
    key = Table(
        f"{dataset.name}_key",
        known,
        SqlColumn("key_id", BigInteger, primary_key=True, autoincrement=False),
        SqlColumn("key_hash", BigInteger, nullable=False, unique=True),
        *(_column(column, nullable=False) for column in dataset.keys),
    )
    value = Table(
        f"{dataset.name}_value",
        known,
        SqlColumn("key_id", BigInteger, primary_key=True, autoincrement=False),
        SqlColumn("row_hash", BigInteger, primary_key=True, autoincrement=False),
        *tracked,
    )
    claim = Table(
        f"{dataset.name}_claim",
        known,
        SqlColumn("version_id", BigInteger, primary_key=True, autoincrement=False),
        SqlColumn("key_id", BigInteger, primary_key=True, autoincrement=False),
        SqlColumn("row_hash", BigInteger),
    )
    core = Table(
        dataset.name,
        known,
        SqlColumn(f"{dataset.name}_sk", BigInteger, primary_key=True, autoincrement=False, key="surrogate_key"),
        SqlColumn("key_id", BigInteger, nullable=False),
        *(_column(column, nullable=False) for column in dataset.keys),
        *(_column(column, nullable=True) for column in dataset.tracked),
        SqlColumn("valid_from", Date, nullable=False),
        SqlColumn("valid_to", Date, nullable=False),
        SqlColumn("is_current", Boolean, nullable=False),
        SqlColumn("row_hash", BigInteger, nullable=False),
        SqlColumn("version_id", BigInteger, nullable=False),
        SqlColumn("closed_by_version_id", BigInteger),
    )
    return HistoryTables(dataset, key, value, claim, core)


@dataclass(frozen=True, slots=True)
class Workspace:
    """Tables of one transaction.

    Attributes:
        incoming: the rows of a load that say something else than the load right before it in the chain, with their
            hashes and those of before; of what is gone there is the key alone.
        chain: where each load stands, and when its word takes effect.
        touched: the keys whose intervals are computed anew.
        differing: where these intervals are not what core has: of each row what it is like there (`hash_before`,
            `end_before`; null: it is not there) and what it has to be (null: it has to go).
    """

    incoming: Table
    chain: Table
    touched: Table
    differing: Table

    @property
    def tables(self) -> tuple[Table, ...]:
        """All of them."""
        return self.incoming, self.chain, self.touched, self.differing


@cache
def workspace(dataset: Dataset, dialect: str) -> Workspace:
    """Describe the tables of a transaction in a dialect: temporary ones, which a role without DDL rights may make.

    They have no indexes: all of their rows are joined, by hashes, and to keep an index took half of filling them.
    """
    known = MetaData()

    table = partial(temporary_table, known, dialect)

    def number(name: str, *, key: bool = False, nullable: bool = False) -> SqlColumn[Any]:
        return SqlColumn(name, BigInteger, primary_key=key, autoincrement=False, nullable=nullable)

    return Workspace(
        incoming=table(
            "incoming",
            number("key_hash"),
            number("row_hash", nullable=True),
            number("before_hash", nullable=True),
            *(_column(one, nullable=True) for one in dataset.columns),
        ),
        chain=table(
            "chain",
            number("version_id", key=True),
            SqlColumn("ordinal", Integer, nullable=False),
            number("effective_version_id", nullable=True),
            SqlColumn("effective_on", Date),
            SqlColumn("effective_day", Integer),
        ),
        touched=table("touched", number("key_id")),
        differing=table(
            "differing",
            number("surrogate_key"),
            number("hash_before", nullable=True),
            SqlColumn("end_before", Date),
            number("key_id", nullable=True),
            number("row_hash", nullable=True),
            SqlColumn("valid_from", Date),
            SqlColumn("valid_to", Date),
            number("version_id", nullable=True),
            number("closed_by_version_id", nullable=True),
        ),
    )


def temporary_table(known: MetaData, dialect: str, name: str, *columns: SqlColumn[Any]) -> Table:
    """Describe a table that one transaction has for itself."""
    if dialect == "mssql":
        return Table(f"#{name}", known, *columns)
    return Table(f"of_load_{name}", known, *columns, prefixes=["TEMPORARY"], postgresql_on_commit="DROP")


def make(connection: Connection, *tables: Table) -> None:
    """Make tables of this transaction, anew where an earlier step of it, or of the session, left some."""
    for table in tables:
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS {table.name}")
        table.create(connection)


def _column(column: Column, *, nullable: bool) -> SqlColumn[Any]:
    return SqlColumn(column.name, sql_type(column), nullable=nullable)
