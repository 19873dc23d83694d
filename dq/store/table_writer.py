"""Writing rows into a table of which only the catalogue knows what it looks like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.sql.functions import FunctionElement

from dq.store.empty_values import empty_value
from dq.store.expected import EXPECTED
from dq.store.fitting import fit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection, Row

    from dq.store.column import Table
    from dq.store.result import RowId


def as_sqlalchemy(table: Table) -> sqlalchemy.Table:
    """The table for statements. Its columns are untyped: values come fitted, the server knows the types."""
    columns: list[sqlalchemy.Column[Any]] = [sqlalchemy.Column(name) for name in table.columns]
    return sqlalchemy.Table(table.name, sqlalchemy.MetaData(), *columns, schema="reporting")


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

    def upsert(self, connection: Connection, values: Mapping[str, Any], now: datetime) -> RowId:
        """Insert the row, or update the one with the same key; its id.

        Without a unique key in the database the caller holds a lock that stands for one.
        """
        if self._is_unique:
            statement = self._insertion(self._new_row(values, now))
            changes = {name: statement.excluded[name] for name in self._updates}
            upsertion = statement.on_conflict_do_update(index_elements=self._key, set_=changes)
            return self._id(connection, upsertion)
        updated = self.update(connection, {name: values[name] for name in self._key}, values, now)
        return updated[0][0] if updated else self._id(connection, self._insertion(self._new_row(values, now)))

    def insert_all(self, connection: Connection, rows: Sequence[Mapping[str, Any]], now: datetime) -> None:
        """Insert these rows, at least one, in their order; all of them have the same names."""
        fitted = [self._new_row(row, now) for row in rows]
        made_by_server = {name: value for name, value in fitted[0].items() if isinstance(value, FunctionElement)}
        plain = [{name: value for name, value in row.items() if name not in made_by_server} for row in fitted]
        connection.execute(insert(self.rows).values(made_by_server), plain)

    def insert_unless_there(self, connection: Connection, values: Mapping[str, Any], now: datetime) -> None:
        """Insert the row, or do nothing when the database says that its key exists."""
        statement = self._insertion(self._new_row(values, now))
        if self._is_unique:
            statement = statement.on_conflict_do_nothing(index_elements=self._key)
        connection.execute(statement)

    def update(
        self, connection: Connection, where: Mapping[str, Any], values: Mapping[str, Any], now: datetime
    ) -> Sequence[Row[Any]]:
        """Change the columns that may be changed in the rows that match; their ids."""
        changes = {name: fit(values[name], self._columns[name], now) for name in self._updates if name in values}
        matches = (self.rows.c[name] == value for name, value in where.items())
        statement = sqlalchemy.update(self.rows).where(*matches).values(changes).returning(self._returned)
        return connection.execute(statement).all()

    def _insertion(self, row: Mapping[str, Any]) -> Insert:
        return insert(self.rows).values(dict(row))

    def _id(self, connection: Connection, statement: Insert) -> RowId:
        row_id: RowId = connection.execute(statement.returning(self._returned)).scalar_one()
        return row_id

    def _new_row(self, values: Mapping[str, Any], now: datetime) -> dict[str, Any]:
        row: dict[str, Any] = {}
        for name, column in self._columns.items():
            if name in values:
                row[name] = fit(values[name], column, now)
            elif column.must_be_filled:
                row[name] = empty_value(column, now)
        return row
