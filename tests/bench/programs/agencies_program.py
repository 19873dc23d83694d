"""An agency's documents on an S3 in a process of its own, with an embedded Postgres as application and ledger."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from s3transfer.manager import TransferConfig, TransferManager
from sqlalchemy import text

from etl_core.objects.store import ObjectStore, S3Access
from etl_core.postgres.database import Timeouts, connect
from etl_core.postgres.embedded import embedded_postgres
from etl_core.shipped_files import shipped_file
from jobs.running.database import migrate_all
from pipelines.agencies.ledger.copies import CopyLedger
from pipelines.agencies.run_agency import DocumentDoors, Wanted, run_agency
from pipelines.agencies.source.documents import Agency
from pipelines.agencies.source.repositories import AttachmentRepository, EmploymentHistoryRepository, Queries
from tests.bench.contestant import Work, serve
from tests.bench.object_server import object_server
from tests.versitygw import TOOLS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_s3 import S3Client
    from sqlalchemy.engine import Engine

    from pipelines.agencies.run_agency import Part

_SOURCE, _PLAIN, _COPIES = "application", "plain", "copies"
_AGENCY = Agency(10, "tenant-a")
_WORKERS, _BYTES = 16, 10_000
_AT = datetime(2026, 1, 4, 12, tzinfo=timezone.utc)
_FILL = """
INSERT INTO documents.agency VALUES (10, 'tenant-a');
INSERT INTO documents.attachment (id, agency_id, source_key, file_name)
    SELECT n, 10, 'uploads/' || lpad(n::text, 8, '0') || '.pdf', n || '.pdf' FROM generate_series(1, %(files)s) AS n;
INSERT INTO documents.employment_history
    SELECT 10, n, lpad(n::text, 8, '0'), 'First ' || n, 'Last ' || n, 'officer', 'unit ' || n %% 100,
        date '2001-01-01' + n %% 9000, CASE WHEN n %% 3 = 0 THEN date '2026-01-01' END, 'active'
    FROM generate_series(1, %(rows)s) AS n
"""


def main() -> None:
    """Start the servers and answer."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--attachments", type=int, required=True)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    arguments = parser.parse_args()
    with ExitStack() as own:
        serve(partial(_prepare, own, arguments.folder, arguments.attachments, arguments.rows))


def _prepare(own: ExitStack, folder: Path, files: int, rows: int) -> Mapping[str, Work]:
    # The server's user has to get there.
    place = Path(own.enter_context(tempfile.TemporaryDirectory(prefix="dq-")))
    engine = connect(own.enter_context(embedded_postgres(place / "postgres")).dsn, timeouts=Timeouts(statement=3600))
    with engine.begin() as connection:
        connection.exec_driver_sql(shipped_file("sql/agencies/tables.sql").read_text(encoding="utf-8"))
        connection.exec_driver_sql(_FILL, {"files": files, "rows": rows})
    migrate_all(engine)
    server = own.enter_context(object_server(folder, TOOLS))
    address = server.address
    access = S3Access(address.endpoint, address.region, address.access_key, address.secret_key, _WORKERS, adaptive=True)
    store = ObjectStore(access)
    for bucket in (_SOURCE, _PLAIN, _COPIES):
        store.s3.create_bucket(Bucket=bucket)
    for number in range(1, files + 1):
        body = f"{number:08}".encode() * (_BYTES // 8)
        store.s3.put_object(Bucket=_SOURCE, Key=f"uploads/{number:08}.pdf", Body=body)
    work = AgenciesWork(engine, store, files, rows)
    return {"plain": work.plain, "copies": work.copies, "again": work.again, "employment": work.employment}


class AgenciesWork:
    """What is measured; emptying buckets and tables is part of no measure but its own."""

    def __init__(self, engine: Engine, store: ObjectStore, files: int, rows: int) -> None:
        self._engine, self._store, self._files, self._rows = engine, store, files, rows
        self._round, self._copied = 0, 0

    def plain(self) -> Mapping[str, Any]:
        """As a script does it: s3transfer's managed copies, as many at once, under a prefix of each round's own."""
        self._round += 1
        s3: S3Client = self._store.s3
        with TransferManager(s3, TransferConfig(max_request_concurrency=_WORKERS)) as manager:
            copies = [
                manager.copy(
                    {"Bucket": _SOURCE, "Key": f"uploads/{number:08}.pdf"},
                    _PLAIN,
                    f"{self._round}/attachments/{number}/{number}.pdf",
                )
                for number in range(1, self._files + 1)
            ]
            for copy in copies:
                copy.result()
        return {"files": len(copies)}

    def copies(self) -> Mapping[str, Any]:
        """All attachments, to a bucket and a ledger that know of none: each round has an agency of its own."""
        self._round += 1
        self._copied = self._round
        return self._run(("attachments",), {"copied": self._files})

    def again(self) -> Mapping[str, Any]:
        """The last copies once more; where there are none yet, after some that do not count."""
        if not self._copied:
            self.copies()
        start = time.perf_counter()
        told = self._run(("attachments",), {"unchanged": self._files})
        return {**told, "seconds": time.perf_counter() - start}

    def employment(self) -> Mapping[str, Any]:
        """The employment history."""
        export = self._run(("employment",), {})["export"]
        assert export.rows == self._rows
        return {"rows": export.rows}

    def _run(self, parts: tuple[Part, ...], expected: Mapping[str, int]) -> dict[str, Any]:
        queries, statuses = Queries(shipped_file("sql/agencies")), Counter[str]()
        doors = DocumentDoors(
            AttachmentRepository(self._engine, queries),
            EmploymentHistoryRepository(self._engine, queries),
            self._store,
            None,
            CopyLedger(self._engine, f"round-{self._round}", lambda: datetime.now(timezone.utc)),
            told=lambda _agency, result, _total: statuses.update([result.status]),
        )
        agency = Agency(_AGENCY.id, f"{_AGENCY.slug}-{self._copied}")
        outcome = run_agency(agency, Wanted(_SOURCE, _COPIES, _AT, parts, _WORKERS), doors)
        assert dict(outcome.statuses) == dict(statuses) == expected, outcome.statuses
        with self._engine.connect() as connection:
            noted = connection.scalar(text("SELECT count(*) FROM pipeline.document_copy WHERE status = 'copied'"))
        return {"export": outcome.export, "noted": noted} if "employment" in parts else {"noted": noted}


if __name__ == "__main__":
    main()
