"""A landscape of files in a database: what was configured, announced and judged, written without reading a file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Engine

MONDAY = datetime(2026, 1, 5, tzinfo=timezone.utc)

_FILE = text("""
INSERT INTO reporting.monitoring_file (agency_slug, file_name, range, is_active)
VALUES ('tenant-a', :name, :range, :is_active) RETURNING id
""")
_RUN = text("""
INSERT INTO reporting.monitoring_file_run (monitoring_file_id, run_date, run_hour, file_last_modified, created_at)
VALUES (:file, :date, :hour, :at, :at)
ON CONFLICT (monitoring_file_id, run_date, run_hour) DO UPDATE SET file_last_modified = excluded.file_last_modified
RETURNING id
""")
_OBJECT = text("""
INSERT INTO pipeline.object_inbox (bucket, key, source, etag, sequencer, received_at, due_at, updated_at, event_time,
    state, finished_at, last_modified, read_etag, monitoring_file_id, monitoring_file_run_id, reason)
VALUES (:bucket, :key, :source, :etag, :sequencer, :at, :at, :at, :at,
    :state, :finished, :modified, :read_etag, :file, :run, :reason) RETURNING id
""")
_CLEAR = text("UPDATE reporting.monitoring_file SET is_missing = false WHERE id = :file")


def hours(count: float) -> datetime:
    """So many hours after Monday, 5 January 2026."""
    return MONDAY + timedelta(hours=count)


@dataclass(frozen=True, slots=True)
class Landscape:
    """Writes into the tables as verdicts do."""

    engine: Engine

    def file(self, name: str, span: str | None, *, is_active: bool = True) -> int:
        """Configure a file; its id."""
        values = {"name": name, "range": span, "is_active": is_active}
        with self.engine.begin() as connection:
            return int(connection.execute(_FILE, values).scalar_one())

    def verdict(
        self,
        file: int,
        at: datetime,
        *,
        etag: str = "e",
        key: str | None = None,
        named: datetime | None = None,
        source: str = "queue",
        state: str = "done",
    ) -> int:
        """A version came and has its verdict; the number of its row. `named`: the run that its key names."""
        of = named or at
        key = key or f"agency/tenant-a/files/{file}/{of.date()}/{of.hour}/data.csv"
        with self.engine.begin() as connection:
            run = connection.execute(_RUN, {"file": file, "date": of.date(), "hour": of.hour, "at": at}).scalar_one()
            values = {
                "bucket": "landing",
                "key": key,
                "source": source,
                "etag": etag,
                "state": state,
                "at": at,
                "sequencer": f"{at:%d%H%M%S}" if source == "queue" else None,
                "reason": None,
                "finished": at,
                "modified": at,
                "read_etag": etag,
                "file": str(file),
                "run": str(run),
            }
            connection.execute(_CLEAR, {"file": file})
            return int(connection.execute(_OBJECT, values).scalar_one())

    def announced(self, key: str, at: datetime, *, state: str = "pending", reason: str | None = None) -> int:
        """A version came and has no verdict; the number of its row."""
        values = {
            "bucket": "landing",
            "key": key,
            "source": "queue",
            "etag": "w",
            "state": state,
            "at": at,
            "sequencer": f"{at:%d%H%M%S}",
            "reason": reason,
            "finished": None if state == "pending" else at,
            "modified": None,
            "read_etag": None,
            "file": None,
            "run": None,
        }
        with self.engine.begin() as connection:
            return int(connection.execute(_OBJECT, values).scalar_one())

    def ask(self, query: str) -> Sequence[tuple[object, ...]]:
        """The rows of a query."""
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(query))]

    def told(self, file: int) -> list[tuple[object, ...]]:
        """The windows of a file: state, further versions, what was told before."""
        return list(
            self.ask(
                "SELECT state, duplicates, unexpected, restated_from FROM pipeline.arrival"
                f" WHERE monitoring_file_id = '{file}' ORDER BY due_at"
            )
        )

    def is_missing(self, file: int) -> bool:
        """What the file's row says."""
        return bool(self.ask(f"SELECT is_missing FROM reporting.monitoring_file WHERE id = {file}")[0][0])
