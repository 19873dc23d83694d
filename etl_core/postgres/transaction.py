"""Transactions whose statements travel together: one trip to the server instead of one for each.

Most statements of a verdict have an answer nobody waits for. They are kept back until one comes whose answer is
needed, and go before it in one message. The server carries them out one after the other, in their order, each with
its own view of what others have committed, just as if they had come alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any

from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2

from etl_core.postgres.binary_copy import binary_row
from etl_core.postgres.database import driver_cursor

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Table
    from sqlalchemy.engine import Connection, Engine
    from sqlalchemy.sql.expression import ClauseElement

_DIALECT = PGDialect_psycopg2(paramstyle="format")  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement as the driver takes it: its text with places for values, the values' names in their order.

    `fixed` holds the values that are the same every time.
    """

    text: str
    names: tuple[str, ...]
    fixed: Mapping[str, Any] = field(default_factory=dict)

    def places(self, values: Mapping[str, Any]) -> list[Any]:
        """The values in the order of their places."""
        known = {**self.fixed, **values} if self.fixed else values
        return [known[name] for name in self.names]

    def of_rows(self, rows: int) -> Statement:
        """An INSERT of one row as an INSERT of several; their values follow each other."""
        head, _, row = self.text.rpartition(" VALUES ")
        return replace(self, text=f"{head} VALUES {', '.join([row] * rows)}", names=self.names * rows)


def prepare(statement: ClauseElement, columns: Sequence[str] | None = None) -> Statement:
    """Write a statement out, once for all the times it is sent.

    Args:
        statement: with `bindparam`s for what differs.
        columns: of an INSERT or UPDATE, the columns whose values differ; each value has its column's name.
    """
    compiled = statement.compile(dialect=_DIALECT, column_keys=None if columns is None else list(columns))
    names = tuple(compiled.positiontup or ())  # type: ignore[attr-defined]  # of SQLCompiler, which this dialect has
    fixed = {name: value for name, value in compiled.params.items() if value is not None}
    return Statement(compiled.string, names, fixed)


@dataclass(frozen=True, slots=True)
class Answer:
    """The rows of a statement, and how many it gave or changed."""

    rows: Sequence[tuple[Any, ...]]
    count: int

    @property
    def first(self) -> tuple[Any, ...] | None:
        """The first row, where there is one."""
        return self.rows[0] if self.rows else None

    @property
    def value(self) -> Any:  # noqa: ANN401 - what a column holds
        """What the first column of the first row holds."""
        return self.rows[0][0]


class Transaction:
    """A transaction that is under way; made by `begin`."""

    def __init__(self, connection: Connection) -> None:
        """Send over `connection`, whose transaction somebody else ends after `flush`."""
        self._connection = connection
        self._texts: list[str] = []
        self._values: list[Any] = []
        self._copies: list[tuple[str, bytes]] = []

    def send(self, statement: Statement, values: Mapping[str, Any]) -> None:
        """Carry out `statement` before the next one whose answer is asked for; what fails, fails then."""
        self._texts.append(statement.text)
        self._values += statement.places(values)

    def send_rows(self, statement: Statement, rows: Sequence[Mapping[str, Any]]) -> None:
        """As `send`, for an INSERT of all these rows, at least one."""
        self._texts.append(statement.of_rows(len(rows)).text)
        for row in rows:
            self._values += statement.places(row)

    def ask(self, statement: Statement, values: Mapping[str, Any]) -> Answer:
        """Carry out what waits and then `statement`; its answer."""
        self.send(statement, values)
        return self._deliver()

    def copy(self, table: Table, values: Mapping[str, Any]) -> None:
        """Insert a row, with a value for every column of `table`, when everything else was carried out.

        It goes by COPY: half the work of a statement where a value has many bytes.
        """
        self._copies.append((_copying(table), binary_row(table, values)))

    def flush(self) -> None:
        """Carry out what waits."""
        if self._texts:
            self._deliver()
        for message, rows in self._copies:
            with driver_cursor(self._connection) as cursor:
                cursor.copy_expert(message, BytesIO(rows))
        self._copies = []

    @property
    def connection(self) -> Connection:
        """The connection, for other statements; what waits is carried out first."""
        self.flush()
        return self._connection

    def _deliver(self) -> Answer:
        text, values = ";\n".join(self._texts), tuple(self._values)
        self._texts, self._values = [], []
        with driver_cursor(self._connection) as cursor:
            cursor.execute(text, values)
            return Answer(cursor.fetchall() if cursor.description else (), cursor.rowcount)


@cache
def _copying(table: Table) -> str:
    names = _DIALECT.identifier_preparer
    columns = ", ".join(map(names.format_column, table.columns))
    return f"COPY {names.format_table(table)} ({columns}) FROM STDIN (FORMAT binary)"


@contextmanager
def begin(engine: Engine) -> Iterator[Transaction]:
    """A transaction that is committed at the end, or rolled back when something is raised."""
    with engine.begin() as connection:
        transaction = Transaction(connection)
        yield transaction
        transaction.flush()
