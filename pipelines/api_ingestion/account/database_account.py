"""The account of readings in Postgres: each call is a transaction."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import and_, insert, literal, select, update
from sqlalchemy.dialects import postgresql

from etl_core.audit.record import Step
from etl_core.audit.table import add_lines
from etl_core.errors import DatabaseUnavailableError
from etl_core.postgres.locks import held
from pipelines.api_ingestion.account.tables import api_cursor, api_object
from pipelines.api_ingestion.doors import Cursor
from pipelines.api_ingestion.landing.landed import Landing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from sqlalchemy.engine import Connection, Engine, RowMapping

    from etl_core.audit.account import Account
    from etl_core.objects.store import ObjectHead
    from pipelines.api_ingestion.errors import PageError

_O: Final = api_object.c
_LOCK_SECONDS: Final = 10
#: Bytes of one statement: the driver writes each as two characters, and the statement several times over.
_DIGESTS_AT_ONCE: Final = 768 * 1024


@dataclass(frozen=True, slots=True)
class DatabaseAccount:
    """The account of readings.

    Attributes:
        database: it is in.
        bucket: in which objects land.
        announce: writes an object to the ledger, in the transaction it is given; the number of its row.
        keep_letter: keeps a text with its source and reason among the dead letters, likewise.
        audit: writes lines of the audit, None where no job is under way.
    """

    database: Engine
    bucket: str
    announce: Callable[[Connection, ObjectHead, datetime], int]
    keep_letter: Callable[[Connection, str, str, str, datetime], object]
    audit: Account | None = None

    @contextmanager
    def turn(self, source: str, endpoint: str) -> Iterator[None]:
        """Have nobody else read the endpoint meanwhile.

        Raises:
            DatabaseUnavailableError: another process does, and goes on doing so.
        """
        try:
            lock = held(self.database, "api_ingestion", source, endpoint, seconds=_LOCK_SECONDS)
            lock.__enter__()
        except DatabaseUnavailableError as error:
            message = f"{source} {endpoint}: another process reads it, or the database does not answer; try again later"
            raise DatabaseUnavailableError(message) from error
        try:
            yield
        finally:
            lock.__exit__(None, None, None)

    def cursor(self, source: str, endpoint: str) -> Cursor | None:
        """How far it was read; None where it never was to its end."""
        c = api_cursor.c
        with self.database.connect() as connection:
            query = select(c.position, c.edge).where(c.source == source, c.endpoint == endpoint)
            row = connection.execute(query).first()
        return None if row is None else Cursor(row.position, bytes(row.edge))

    def unfinished(self, source: str, endpoint: str) -> list[Landing]:
        """Objects of readings that did not come to their end, those among them that may not be there."""
        wanted = and_(_O.source == source, _O.endpoint == endpoint, _O.digests.is_not(None), _O.state != "dropped")
        with self.database.connect() as connection:
            return [
                _landing(row) for row in connection.execute(select(api_object).where(wanted).order_by(_O.id)).mappings()
            ]

    def newest(self, agency: str, file: str) -> Landing | None:
        """The object of a file with the latest window that has landed."""
        query = (
            select(api_object)
            .where(_O.agency == agency, _O.file == file, _O.state == "landed", _O.bucket == self.bucket)
            .order_by(_O.window_start.desc(), _O.id.desc())
            .limit(1)
        )
        with self.database.connect() as connection:
            row = connection.execute(query).mappings().first()
        return None if row is None else _landing(row)

    def begin(self, landing: Landing) -> int:
        """Note that an object is about to be written; its number."""
        values = {
            "source": landing.source,
            "endpoint": landing.endpoint,
            "agency": landing.agency,
            "file": landing.file,
            "run_id": landing.run_id,
            "part": landing.part,
            "bucket": self.bucket,
            "key": landing.key,
            "window_start": landing.window,
            "size": landing.size,
            "records": landing.records,
            "digests": bytes(landing.digests[:_DIGESTS_AT_ONCE]),
            "state": landing.state,
            "updated_at": landing.at,
        }
        with self.database.begin() as connection:
            number = int(connection.execute(insert(api_object).values(values).returning(_O.id)).scalar_one())
            mine = update(api_object).where(_O.id == number)
            for start in range(_DIGESTS_AT_ONCE, len(landing.digests), _DIGESTS_AT_ONCE):
                more = bytes(landing.digests[start : start + _DIGESTS_AT_ONCE])
                connection.execute(mine.values(digests=_O.digests.concat(literal(more))))
        return number

    def landed(self, number: int, head: ObjectHead, now: datetime) -> None:
        """Note that it is there, and announce it, in one transaction; with it goes a line of the audit.

        Raises:
            DatabaseUnavailableError: nothing was noted, or another process has noted what became of it.
        """
        changed = (
            update(api_object)
            .where(_O.id == number, _O.state == "writing")
            .values(state="landed", updated_at=now)
            .returning(_O.source, _O.endpoint, _O.records)
        )
        with self.database.begin() as connection:
            row = connection.execute(changed).first()
            if row is None:
                raise DatabaseUnavailableError(f"{head.uri}: another process has noted what became of it; try again")
            object_id = self.announce(connection, head, now)
            if self.audit is not None:
                step = Step(
                    "land",
                    "succeeded",
                    now,
                    subject=head.uri,
                    inputs=(f"api {row.source} {row.endpoint}", f"object {object_id}"),
                    outputs=(head.uri,),
                    rows_out=row.records,
                    message=f"{row.records} new records of {row.source} {row.endpoint} landed",
                )
                add_lines(connection, [self.audit.line(step)])

    def drop(self, number: int) -> None:
        """Note that it never came to be."""
        with self.database.begin() as connection:
            connection.execute(update(api_object).where(_O.id == number).values(state="dropped", digests=None))

    def finish(self, source: str, endpoint: str, cursor: Cursor | None, run_id: str, now: datetime) -> None:
        """Move the cursor, and forget what was kept for a reading that is cut off; None leaves it where it is."""
        ended = update(api_object).where(_O.source == source, _O.endpoint == endpoint, _O.digests.is_not(None))
        with self.database.begin() as connection:
            if cursor is not None:
                values = {"position": cursor.position, "edge": cursor.edge, "run_id": run_id, "updated_at": now}
                made = postgresql.insert(api_cursor).values(source=source, endpoint=endpoint, **values)
                connection.execute(made.on_conflict_do_update(index_elements=["source", "endpoint"], set_=values))
            connection.execute(ended.values(digests=None))

    def dead_letter(self, source: str, endpoint: str, error: PageError, now: datetime) -> None:
        """Keep a page that is not what was declared."""
        body = f"{error.request}\n\n{error.body}"
        with self.database.begin() as connection:
            self.keep_letter(connection, f"api {source} {endpoint}", str(error), body, now)


def _landing(row: RowMapping) -> Landing:
    return Landing(
        row["source"],
        row["endpoint"],
        row["agency"],
        row["file"],
        row["run_id"],
        row["part"],
        row["key"],
        row["window_start"],
        row["size"],
        row["records"],
        bytes(row["digests"] or b""),
        row["state"],
        row["updated_at"],
        row["id"],
    )
