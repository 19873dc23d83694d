"""The application's database, asked by the queries of a folder: the only place that knows any SQL of documents.

Every query is asked in a transaction that can only read and sees one moment, and comes through a cursor of the
server's: as much memory for a million rows as for a thousand.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import text

from etl_core.errors import TerminalError, UsageError
from etl_core.postgres.any_date import read_any_date
from pipelines.agencies.errors import AgencyQueryError
from pipelines.agencies.source.documents import REQUIRED, Agency, Attachment, attachment_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy.engine import Connection, Engine

#: Rows that are fetched at once.
_ROWS: Final = 5_000
_AGENCY_COLUMNS: Final = ("agency_id", "agency_slug")
_SHOWN: Final = 5
#: Sorting many rows takes longer than the daily work's statements, and so does uploading what came of them.
_READING: Final = """
SET TRANSACTION READ ONLY; SET LOCAL statement_timeout = '1h'; SET LOCAL idle_in_transaction_session_timeout = '1h'
"""


@dataclass(frozen=True, slots=True)
class Rows:
    """What a query gives: the names of its columns, and its rows as they come."""

    columns: tuple[str, ...]
    rows: Iterator[Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Queries:
    """The folder that the queries are files of."""

    folder: Path

    def read(self, name: str) -> str:
        """Give the text of a query.

        Raises:
            AgencyQueryError: there is no such file, or it cannot be read.
        """
        path = self.folder / f"{name}.sql"
        try:
            written = path.read_text(encoding="utf-8").strip().rstrip(";")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise AgencyQueryError(str(path), [f"it cannot be read: {reason}"]) from None
        if not written:
            raise AgencyQueryError(str(path), ["it is empty; expected one SELECT"])
        return written

    @contextmanager
    def asked(self, engine: Engine, name: str, statement: str, /, **values: Any) -> Iterator[Rows]:  # noqa: ANN401 - as columns are
        """Ask the query `name`, or `statement` around it, in a transaction of its own.

        Raises:
            AgencyQueryError: the database does not take it.
            DatabaseUnavailableError: no answer.
        """
        with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection, connection.begin():
            connection.exec_driver_sql(_READING)
            read_any_date(connection.connection.dbapi_connection)
            yield self._rows(connection, name, statement, values)

    def _rows(self, connection: Connection, name: str, statement: str, values: dict[str, Any]) -> Rows:
        streaming = connection.execution_options(stream_results=True, max_row_buffer=_ROWS)
        with self._named(name):
            found = streaming.execute(text(statement), values)
            columns = tuple(found.keys())
        if twice := sorted({one for one in columns if columns.count(one) > 1}):
            raise AgencyQueryError(self._place(name), [f"it gives {', '.join(twice)} twice"])

        def rows() -> Iterator[Sequence[Any]]:
            with self._named(name):  # much of a query is carried out when its rows are fetched
                for some in found.partitions(_ROWS):
                    yield from some

        return Rows(columns, rows())

    @contextmanager
    def _named(self, name: str) -> Iterator[None]:
        try:
            yield
        except TerminalError as error:
            problem = f"the database does not take it: {error}"
            raise AgencyQueryError(self._place(name), [problem]) from error

    def _place(self, name: str) -> str:
        return str(self.folder / f"{name}.sql")

    def require(self, name: str, columns: Sequence[str], wanted: Sequence[str]) -> None:
        """Hold the columns of a query against those it must give.

        Raises:
            AgencyQueryError: names all that are missing.
        """
        if missing := [f"it gives no column {one}" for one in wanted if one not in columns]:
            raise AgencyQueryError(self._place(name), missing)


@dataclass(frozen=True, slots=True)
class AgencyRepository:
    """Agencies, by `agencies.sql`."""

    engine: Engine
    queries: Queries

    def agency(self, agency_id: str) -> Agency:
        """Find an agency by its number, or whatever the application has for one, written as text.

        Raises:
            UsageError: there is none, or more than one.
        """
        written = f"SELECT * FROM ({self.queries.read('agencies')}\n) AS a WHERE CAST(agency_id AS text) = :agency_id"  # noqa: S608 - the owner's own query
        found = list(self._agencies(written, agency_id=agency_id))
        if len(found) != 1:
            what = "there is no agency" if not found else "there is more than one agency"
            raise UsageError(f"{what} {agency_id!r}; see --agency-id, and the query {self.queries.folder}/agencies.sql")
        return found[0]

    def agencies(self) -> tuple[Agency, ...]:
        """Give all agencies, in the order of the query."""
        return tuple(self._agencies(self.queries.read("agencies")))

    def _agencies(self, statement: str, **values: str) -> Iterator[Agency]:
        with self.queries.asked(self.engine, "agencies", statement, **values) as found:
            self.queries.require("agencies", found.columns, _AGENCY_COLUMNS)
            at = [found.columns.index(name) for name in _AGENCY_COLUMNS]
            for row in found.rows:
                yield Agency(row[at[0]], str(row[at[1]]))


@dataclass(frozen=True, slots=True)
class AttachmentRepository:
    """Attachments, by `attachments.sql`."""

    engine: Engine
    queries: Queries

    def get_attachment_files_for_s3_processing(self, agency_id: Any) -> Iterator[Attachment]:  # noqa: ANN401 - as the application has it
        """Give the attachments of an agency, in the order of the query.

        Raises:
            AgencyQueryError: a column is missing, or the query gives an attachment twice, without an id, or with a size
                that is none.
            DatabaseUnavailableError: no answer.
        """
        query = self.queries.read("attachments")
        self._require_distinct(query, agency_id)
        with self.queries.asked(self.engine, "attachments", query, agency_id=agency_id) as found:
            self.queries.require("attachments", found.columns, REQUIRED)
            for row in found.rows:
                try:
                    attachment = attachment_of(dict(zip(found.columns, row, strict=True)))
                except ValueError as error:
                    raise AgencyQueryError(str(self.queries.folder / "attachments.sql"), [str(error)]) from None
                yield attachment

    def _require_distinct(self, query: str, agency_id: Any) -> None:  # noqa: ANN401 - as above
        """Two rows of one attachment would go to one place, and one without an id to no one's."""
        repeated = (
            f"SELECT attachment_id FROM ({query}\n) AS a GROUP BY attachment_id"  # noqa: S608 - the owner's own query
            f" HAVING count(*) > 1 OR attachment_id IS NULL LIMIT {_SHOWN}"
        )
        with self.queries.asked(self.engine, "attachments", repeated, agency_id=agency_id) as found:
            ids = [row[0] for row in found.rows]
        problems = [f"it gives attachment {one} more than once" for one in ids if one is not None]
        problems += ["it gives an attachment without an attachment_id"] if None in ids else []
        if problems:
            raise AgencyQueryError(str(self.queries.folder / "attachments.sql"), problems)


@dataclass(frozen=True, slots=True)
class EmploymentHistoryRepository:
    """The employment history, by `employment_history.sql`."""

    engine: Engine
    queries: Queries

    @contextmanager
    def employment_history(self, agency_id: Any) -> Iterator[Rows]:  # noqa: ANN401 - as the application has it
        """Give the employment history of an agency, in the order of the query.

        Raises:
            AgencyQueryError: the database does not take the query.
            DatabaseUnavailableError: no answer.
        """
        query = self.queries.read("employment_history")
        with self.queries.asked(self.engine, "employment_history", query, agency_id=agency_id) as found:
            yield found
