"""A landing zone for tests: a bucket, a database with a ledger, and the real parts on both."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from dq.batch.process_batch import BatchCounts, Doors, process_batch
from dq.engine.profile_files import judge_sources
from dq.events.object_event import ObjectEvent
from dq.ledger.inbox import Inbox
from dq.ledger.inspection import InboxRow, list_rows
from dq.reporting.catalogue.catalogue import read_catalogue
from dq.reporting.readback import VerdictRow, read_verdicts
from dq.reporting.reporting import ReportingStore
from etl_core.objects.store import ObjectStore, S3Access
from etl_core.postgres.database import connect
from jobs.running.database import migrate_all
from tests.reporting.samples import add_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mypy_boto3_s3 import S3Client
    from sqlalchemy.engine import Engine

    from dq.engine.file_results import FileVerdict
    from dq.engine.source_file import Source
    from etl_core.errors import PipelineError
    from tests.local_s3 import S3Server

TRIPS: Mapping[str, Any] = {
    "format": "csv",
    "fields": [
        {"name": "id", "type": "integer", "required": True, "unique": True},
        {"name": "driver", "type": "string", "required": True},
    ],
}
GOOD = b"id,driver\n1,ada\n2,ben\n"


def key_of(file_name: str = "trips", hour: int = 12, name: str = "data.csv", agency: str = "tenant-a") -> str:
    """A key in the default layout."""
    return f"agency/{agency}/files/{file_name}/2026-01-04/{hour:02}/{name}"


@dataclass
class Clock:
    """The present of a test; `forward` lets time pass."""

    now: datetime = datetime(2026, 1, 4, 12, 40, tzinfo=timezone.utc)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> None:
        self.now += timedelta(**span)


@dataclass
class Landing:
    """The bucket, the database and what works between them."""

    s3: S3Client
    bucket: str
    database: Engine
    doors: Doors
    clock: Clock

    def configure(self, file_name: str = "trips", definition: object = TRIPS, **values: object) -> None:
        add_file(self.database, "tenant-a", file_name, definition=definition, **values)

    def redefine(self, definition: object, file_name: str = "trips") -> None:
        """Give a configured file another definition."""
        self.sql(
            "UPDATE reporting.monitoring_file_schema_definition SET definition = CAST(:new AS jsonb) WHERE id = ("
            "SELECT schema_definition_id FROM reporting.monitoring_file WHERE file_name = :name)",
            new=json.dumps(definition),
            name=file_name,
        )

    def put(self, key: str, body: bytes = GOOD) -> ObjectEvent:
        """Upload a version; what S3 would announce of it."""
        answer = self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)
        return ObjectEvent(
            bucket=self.bucket,
            key=key,
            version_id=answer.get("VersionId"),
            etag=answer["ETag"].strip('"'),
            size=len(body),
            source="s3",
        )

    def announce(self, *events: ObjectEvent, force: bool = False) -> None:
        self.doors.inbox.announce(events, now=self.clock(), source="test", force=force)

    def process(self, **changes: object) -> BatchCounts:
        """Claim everything that is due and process it as one batch."""
        doors = replace(self.doors, **changes)  # type: ignore[arg-type]
        batch = doors.inbox.claim(1000, 60, "test", self.clock())
        items = doors.inbox.items(batch - 1, batch, "test") if batch is not None else ()
        return process_batch(items, doors)

    def rows(self) -> dict[str, InboxRow]:
        """The ledger by key; the newest row of each."""
        return {row.event.key: row for row in list_rows(self.database)}

    def states(self) -> dict[str, str]:
        return {key: row.state for key, row in self.rows().items()}

    def verdicts(self) -> tuple[VerdictRow, ...]:
        return read_verdicts(self.database, read_catalogue(self.database))

    def scores(self) -> dict[tuple[str, int], int]:
        """Scores by file name and hour."""
        return {(one.file_name, one.run_hour): one.score for one in self.verdicts()}

    def sql(self, statement: str, **values: object) -> None:
        with self.database.begin() as connection:
            connection.execute(text(statement), values)


def make_landing(
    url: str,
    server: S3Server,
    s3: S3Client,
    bucket: str,
    judge: Callable[[Sequence[Source]], Mapping[int, FileVerdict | PipelineError]] | None = None,
) -> Landing:
    """A landing zone on a database with reporting tables; the engine runs in this process unless one is given."""
    database = connect(url)
    migrate_all(database)
    store = ObjectStore(S3Access(server.endpoint, server.region, server.access_key, server.secret_key))
    clock = Clock()
    doors = Doors(
        database=database,
        inbox=Inbox(database, max_attempts=3),
        reporting=ReportingStore(read_catalogue(database)),
        objects=store,
        judge=judge or (lambda sources: judge_sources(sources, store=store, keep_states=True)),
        clock=clock,
        chance=lambda: 1.0,
        run_window="key",
    )
    return Landing(s3, bucket, database, doors, clock)
