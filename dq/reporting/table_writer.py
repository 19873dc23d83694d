"""Writing rows into a table of which only the catalogue knows what it looks like."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import sqlalchemy
from sqlalchemy import bindparam
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.sql.functions import FunctionElement

from dq.reporting.catalogue.empty_values import empty_value
from dq.reporting.catalogue.expected import EXPECTED
from dq.reporting.catalogue.fitting import fit
from etl_core.postgres.transaction import Statement, prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from dq.reporting.catalogue.column import Table
    from dq.reporting.result import RowId
    from etl_core.postgres.transaction import Transaction

#: What the server makes, by the name of its column.
_Made = dict[str, FunctionElement[Any]]


def as_sqlalchemy(table: Table) -> sqlalchemy.Table:
    """The table for statements. Its columns are untyped: values come fitted, the server knows the types."""
    return _of_columns(table.name, tuple(table.columns))


@lru_cache(64)
def _of_columns(name: str, columns: tuple[str, ...]) -> sqlalchemy.Table:
    """One table for all statements: compiled ones are found again by it."""
    made: list[sqlalchemy.Column[Any]] = [sqlalchemy.Column(column) for column in columns]
    return sqlalchemy.Table(name, sqlalchemy.MetaData(), *made, schema="reporting")


class TableWriter:
    """Inserts and updates rows of one table, given as values by column name.

    Names the table does not have are left out, NOT NULL columns without a default that are given no value get
    their type's empty one, and every value is fitted to its column.
    """

    def __init__(self, table: Table, key: Sequence[str]) -> None:
        """Write to `table`, whose rows are told apart by the columns `key`."""
        self.rows = as_sqlalchemy(table)
        self._columns = {name: column for name, column in table.columns.items() if not column.generated}
        self._key = tuple(key)
        self._updates = tuple(name for name in EXPECTED[table.name].updates if name in self._columns)
        self._is_unique = table.is_unique(*self._key)
        self._returned = self.rows.c["id" if table.has("id") else self._key[0]]
        self._prepared: dict[tuple[object, ...], Statement] = {}

    def upsert(self, transaction: Transaction, values: Mapping[str, Any], now: datetime) -> RowId:
        """Insert the row, or update the one with the same key; its id.

        Without a unique key in the database the caller holds a lock that stands for one.
        """
        if not self._is_unique:
            standing = self._standing(transaction, values, now)
            if standing is not None:
                return standing
        statement, row = self._upsertion(values, now)
        row_id: RowId = transaction.ask(statement, row).value
        return row_id

    def put(self, transaction: Transaction, values: Mapping[str, Any], now: datetime) -> None:
        """As `upsert`, for a row whose id nobody asks for."""
        if self._is_unique or self._standing(transaction, values, now) is None:
            transaction.send(*self._upsertion(values, now))

    def insert_all(self, transaction: Transaction, rows: Sequence[Mapping[str, Any]], now: datetime) -> None:
        """Insert these rows, at least one, in their order; all of them have the same names."""
        fitted = [_split(self._new_row(row, now)) for row in rows]
        made = fitted[0][1]
        plain = [{name: value for name, value in row.items() if name not in made} for row, _ in fitted]
        statement = self._once(("insert", *plain[0]), made, lambda: prepare(self._insertion(made), list(plain[0])))
        transaction.send_rows(statement, plain)

    def insert_unless_there(self, connection: Connection, values: Mapping[str, Any], now: datetime) -> None:
        """Insert the row, or do nothing when the database says that its key exists."""
        statement = insert(self.rows).values(self._new_row(values, now))
        if self._is_unique:
            statement = statement.on_conflict_do_nothing(index_elements=self._key)
        connection.execute(statement)

    def update(
        self, transaction: Transaction, where: Mapping[str, Any], values: Mapping[str, Any], now: datetime
    ) -> None:
        """Change the columns that may be changed in the rows that match."""
        transaction.send(*self._change(where, values, now))

    def _standing(self, transaction: Transaction, values: Mapping[str, Any], now: datetime) -> RowId | None:
        """Update the row with the same key; its id, None where there is none."""
        changed = transaction.ask(*self._change({name: values[name] for name in self._key}, values, now)).first
        return None if changed is None else changed[0]

    def _change(
        self, where: Mapping[str, Any], values: Mapping[str, Any], now: datetime
    ) -> tuple[Statement, dict[str, Any]]:
        changes, made = _split(
            {name: fit(values[name], self._columns[name], now) for name in self._updates if name in values}
        )

        def written() -> Statement:
            matches = (self.rows.c[name] == bindparam(f"where_{name}") for name in where)
            statement = sqlalchemy.update(self.rows).where(*matches).returning(self._returned)
            return prepare(statement.values(made) if made else statement, list(changes))

        statement = self._once(("update", *where, "to", *changes), made, written)
        return statement, {**changes, **{f"where_{name}": value for name, value in where.items()}}

    def _upsertion(self, values: Mapping[str, Any], now: datetime) -> tuple[Statement, dict[str, Any]]:
        row, made = _split(self._new_row(values, now))

        def written() -> Statement:
            statement = self._insertion(made)
            if self._is_unique:
                changes = {name: statement.excluded[name] for name in self._updates}
                statement = statement.on_conflict_do_update(index_elements=self._key, set_=changes)
            return prepare(statement.returning(self._returned), list(row))

        return self._once(("upsert", *row), made, written), row

    def _insertion(self, made: _Made) -> Insert:
        statement = insert(self.rows)
        return statement.values(dict(made)) if made else statement

    def _once(self, name: tuple[object, ...], made: _Made, write: Callable[[], Statement]) -> Statement:
        """The statement of this name, written when it is asked for first."""
        key = (*name, "made", *made) if made else name
        found = self._prepared.get(key)
        if found is None:
            found = self._prepared[key] = write()
        return found

    def _new_row(self, values: Mapping[str, Any], now: datetime) -> dict[str, Any]:
        row: dict[str, Any] = {}
        for name, column in self._columns.items():
            if name in values:
                row[name] = fit(values[name], column, now)
            elif column.must_be_filled:
                row[name] = empty_value(column, now)
        return row


def _split(row: dict[str, Any]) -> tuple[dict[str, Any], _Made]:
    """Part what the server makes from what it is given."""
    made = {name: value for name, value in row.items() if isinstance(value, FunctionElement)}
    return ({name: value for name, value in row.items() if name not in made}, made) if made else (row, made)
