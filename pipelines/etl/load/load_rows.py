"""Rows into the warehouse: copied to a stage, compared and written by one statement, in one transaction.

Half a load is never visible, and the same load again changes nothing. Where the table is empty, and nobody else writes
to it, rows are copied straight into it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import text

from etl_core.errors import DatabaseUnavailableError, SettingsError
from etl_core.postgres.database import Timeouts, connect
from pipelines.etl.errors import LoadRefusedError, TargetError
from pipelines.etl.ledger.steps import Counts
from pipelines.etl.load.copying import copy_rows
from pipelines.etl.load.statements import (
    STAGE,
    append,
    delete_gone,
    is_empty,
    keep_empty,
    make_stage,
    other_days,
    upsert,
)
from pipelines.etl.load.target_table import TargetTable, target_table

if TYPE_CHECKING:
    import pyarrow as pa
    from sqlalchemy.engine import Connection, Engine

    from pipelines.etl.flow.flow import Target
    from pipelines.etl.flow.window import Window

#: A statement over ten millions of rows takes minutes.
_STATEMENT_SECONDS: Final = 7200
_MARK: Final = """
INSERT INTO {marks} (table_name, flow, date, input, rows) VALUES (:table, :flow, :date, :input, :rows)
ON CONFLICT (table_name, flow, date) DO NOTHING RETURNING rows
"""
_MARKED: Final = (
    "SELECT input, rows, appended_at FROM {marks} WHERE table_name = :table AND flow = :flow AND date = :date"
)


@contextmanager
def open_warehouse(dsn: str, setting: str, lock_seconds: int) -> Iterator[Engine]:
    """Connect to the warehouse.

    Args:
        dsn: its address.
        setting: where the address comes from, for messages.
        lock_seconds: how long to wait for a table that somebody has locked.

    Raises:
        SettingsError: the address cannot be used.
        DatabaseUnavailableError: no answer.
    """
    waits = Timeouts(lock=lock_seconds, statement=_STATEMENT_SECONDS, idle_in_transaction=600)
    if not dsn.startswith(("postgresql", "postgres")):
        found = dsn.partition("://")[0]
        raise SettingsError(setting, [f"names {found!r}; flows load PostgreSQL: expected postgresql://…"])
    try:
        engine = connect(dsn, application_name="pipeline-processing etl", timeouts=waits)
    except SettingsError as error:
        raise SettingsError(setting, error.problems) from None
    try:
        yield engine
    finally:
        engine.dispose()


@dataclass(frozen=True, slots=True)
class RowsToLoad:
    """Rows for a table.

    Attributes:
        schema: their columns.
        batches: the rows.
        count: how many there have to be.
        of: a digest of all that they came from.
    """

    schema: pa.Schema
    batches: Iterable[pa.RecordBatch]
    count: int
    of: str


def load_rows(warehouse: Engine, flow: str, target: Target, window: Window, rows: RowsToLoad) -> Counts:
    """Bring rows to their table, all of them or none.

    Args:
        warehouse: where it is.
        flow: whose rows they are.
        target: the table, and what becomes of rows that are there.
        window: the day they are of.
        rows: the rows.

    Returns:
        How many they are, and what became of them.

    Raises:
        TargetError: the table is not there, or of another form.
        LoadRefusedError: rows of other days, or a day that was appended with other rows.
        DatabaseUnavailableError: the table stays locked, or the warehouse is away.
        TerminalError: the table does not take a value.
    """
    try:
        with warehouse.begin() as connection:
            table = target_table(connection, target, rows.schema)
            if target.mode == "append_once":
                return _append_once(connection, table, flow, target, window, rows)
            if target.mode == "upsert" and _keeps_empty(connection, table):
                inserted = _copied(connection, table.quoted, table, rows)
                return Counts(rows.count, rows.count, 0, inserted, 0, rows.count - inserted)
            _stage(connection, table, rows)
            deleted = _delete_gone(connection, table, target, window) if target.day is not None else None
            inserted, updated = connection.exec_driver_sql(upsert(table)).one()
            unchanged = rows.count - inserted - updated
            return Counts(rows.count, rows.count, 0, inserted, updated, unchanged, deleted)
    except DatabaseUnavailableError as error:
        raise DatabaseUnavailableError(f"{target.name} was not loaded, nothing of it has changed: {error}") from error


def _keeps_empty(connection: Connection, table: TargetTable) -> bool:
    """Tell whether a table is empty and stays so for others: then there is nothing to compare rows with."""
    asked = {"name": table.quoted.replace("%%", "%")}
    if not connection.exec_driver_sql(is_empty(table), asked).scalar_one():
        return False
    try:
        with connection.begin_nested():
            connection.exec_driver_sql(keep_empty(table))
    except DatabaseUnavailableError:  # somebody writes there
        return False
    return bool(connection.exec_driver_sql(is_empty(table), asked).scalar_one())


def _copied(connection: Connection, into: str, table: TargetTable, rows: RowsToLoad) -> int:
    """Copy all rows; how many were taken."""
    copied = copy_rows(connection, into, table.names, rows.batches)
    if copied.sent != rows.count:
        raise AssertionError(f"rows were lost: {rows.count} were clean, {copied.sent} came to the warehouse")
    return copied.taken


def _stage(connection: Connection, table: TargetTable, rows: RowsToLoad) -> None:
    connection.exec_driver_sql(make_stage(table))
    _copied(connection, STAGE, table, rows)
    connection.exec_driver_sql(f"ANALYZE {STAGE}")


def _delete_gone(connection: Connection, table: TargetTable, target: Target, window: Window) -> int:
    day = connection.dialect.identifier_preparer.quote_identifier(target.day or "")
    bounds: dict[str, Any] = {"since": window.since, "until": window.until}
    strangers = connection.exec_driver_sql(other_days(day), bounds).scalar_one()
    if strangers:
        what = (
            f"{strangers:,} rows are not of {window.day} by their {target.day}, and would be in no day that is replaced"
        )
        raise LoadRefusedError(f"{target.name}: {what}; mend the query, or load with mode upsert")
    return int(connection.exec_driver_sql(delete_gone(table, day), bounds).scalar_one())


def _append_once(
    connection: Connection, table: TargetTable, flow: str, target: Target, window: Window, rows: RowsToLoad
) -> Counts:
    """Append the rows of a day unless they were: the mark is made in the same transaction."""
    quote = connection.dialect.identifier_preparer.quote_identifier
    marks = f"{quote(target.schema)}.etl_appended"
    if connection.execute(text("SELECT to_regclass(:name)"), {"name": marks}).scalar_one() is None:
        hint = "it is in conf/sql/etl/warehouse.sql"
        raise TargetError(f"the table {target.name}", [f"{marks}, which says what was appended, is not there; {hint}"])
    _stage(connection, table, rows)
    named = {"table": target.name, "flow": flow, "date": window.day}
    made = connection.execute(text(_MARK.format(marks=marks)), {**named, "input": rows.of, "rows": rows.count}).first()
    if made is not None:
        inserted = int(connection.exec_driver_sql(append(table)).scalar_one())
        return Counts(rows.count, rows.count, 0, inserted, 0, rows.count - inserted)
    before = connection.execute(text(_MARKED.format(marks=marks)), named).one()
    if before.input != rows.of:
        what = f"{window.day} was appended at {before.appended_at:%Y-%m-%d %H:%M} UTC with other rows ({before.rows:,})"
        hint = f"delete them and their line in {marks}, or load with mode upsert or replace_day"
        raise LoadRefusedError(f"{target.name}: {what}; {hint}")
    return Counts(rows.count, rows.count, 0, 0, 0, rows.count)
