"""Agencies with documents, in one database and on one S3 for all tests of a module; each test has one of its own."""

from __future__ import annotations

import itertools
import json
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import boto3
from sqlalchemy import text

from etl_core.objects.store import ObjectStore, S3Access
from etl_core.shipped_files import shipped_file
from pipelines.agencies.copying.attachments import AttachmentProcessor, S3Config
from pipelines.agencies.ledger.copies import CopyLedger
from pipelines.agencies.run_agency import AgencyOutcome, DocumentDoors, Wanted, run_agency
from pipelines.agencies.source.documents import Agency
from pipelines.agencies.source.repositories import AttachmentRepository, EmploymentHistoryRepository, Queries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mypy_boto3_s3 import S3Client
    from sqlalchemy.engine import Engine

    from pipelines.agencies.copying.copy_result import CopyResult
    from tests.local_s3 import S3Server

NOON = datetime(2026, 1, 4, 12, 30, tzinfo=timezone.utc)
SHIPPED = Queries(shipped_file("sql/agencies"))
_IDS = itertools.count(1)


@dataclass
class DocumentsWorld:
    """One agency of its own, with a bucket to read and one to write."""

    database: Engine
    store: ObjectStore
    s3: S3Client
    agency: Agency
    source: str
    destination: str
    results: list[CopyResult] = field(default_factory=list)
    runs: Iterator[int] = field(default_factory=itertools.count)

    def put(self, key: str, body: bytes = b"content", **more: Any) -> str:  # noqa: ANN401 - as boto3 takes it
        """Put an object into the source bucket; its etag."""
        return self.s3.put_object(Bucket=self.source, Key=key, Body=body, **more)["ETag"].strip('"')

    def attach(self, key: str, name: str = "cv.pdf", **more: Any) -> str:  # noqa: ANN401 - columns
        """Have the application know an attachment; its id."""
        row = {"id": next(_IDS), "agency_id": self.agency.id, "source_key": key, "file_name": name, **more}
        self.insert("documents.attachment", row)
        return str(row["id"])

    def attach_many(self, count: int, size: int = 10) -> None:
        """Put objects into the bucket that the application knows as attachments."""
        for number in range(count):
            key = f"uploads/{number:05}.pdf"
            self.put(key, f"{number:0{size}}".encode())
            self.attach(key, f"{number}.pdf")

    def employ(self, *rows: Mapping[str, Any]) -> None:
        """Add rows to the employment history."""
        for row in rows:
            self.insert("documents.employment_history", {"agency_id": self.agency.id, **row})

    def insert(self, table: str, row: Mapping[str, Any]) -> None:
        """Insert a row and commit."""
        names = ", ".join(row)
        values = ", ".join(f":{name}" for name in row)
        with self.database.begin() as connection:
            connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({values})"), dict(row))

    def doors(self, **other: Any) -> DocumentDoors:  # noqa: ANN401 - its attributes
        """Open a run's outside world."""
        ledger = CopyLedger(self.database, f"run-{next(self.runs)}", lambda: NOON)
        made = DocumentDoors(
            AttachmentRepository(self.database, SHIPPED),
            EmploymentHistoryRepository(self.database, SHIPPED),
            self.store,
            None,
            ledger,
            told=lambda _agency, result, _total: self.results.append(result),
        )
        return replace(made, **other)

    def wanted(self, **other: Any) -> Wanted:  # noqa: ANN401 - as above
        """Say what a run is asked for."""
        return replace(Wanted(self.source, self.destination, NOON, workers=4), **other)

    def run(self, doors: DocumentDoors | None = None, **other: Any) -> AgencyOutcome:  # noqa: ANN401 - as above
        """Run the agency; `results` holds what became of each attachment."""
        self.results.clear()
        return run_agency(self.agency, self.wanted(**other), doors or self.doors())

    def process(self, attachments: Sequence[Any], **config: Any) -> list[CopyResult]:  # noqa: ANN401 - as above
        """Run the processor alone, without a ledger."""
        made = S3Config(self.agency, self.source, self.destination, 4, **config)
        return list(AttachmentProcessor(made, self.store).process(attachments))

    def there(self) -> dict[str, bytes]:
        """Give everything at the destination."""
        listed = self.s3.list_objects_v2(Bucket=self.destination).get("Contents", [])
        return {
            one["Key"]: self.s3.get_object(Bucket=self.destination, Key=one["Key"])["Body"].read() for one in listed
        }

    def noted(self) -> list[tuple[Any, ...]]:
        """Give the ledger's rows, without who wrote them and when."""
        columns = "attachment_id, destination, source, source_etag, destination_etag, size, status, reason"
        query = f"SELECT {columns} FROM pipeline.document_copy WHERE agency_id = :id ORDER BY attachment_id"
        with self.database.connect() as connection:
            return [tuple(row) for row in connection.execute(text(query), {"id": str(self.agency.id)})]


def counted(client: S3Client) -> tuple[list[str], Callable[[], None]]:
    """Note every request of a client by its operation, until the second is called."""
    seen: list[str] = []
    hooks: Any = client.meta.events

    def note(event_name: str, **_: object) -> None:
        seen.append(event_name.rpartition(".")[2])

    hooks.register_first("before-call.s3", note)
    return seen, lambda: hooks.unregister("before-call.s3", note)


@contextmanager
def signed_in(world: DocumentsWorld, server: S3Server, *denied: Mapping[str, Any]) -> Iterator[ObjectStore]:
    """Give the store as a user sees it who may do all but what is denied: moto carries out IAM's policies meanwhile."""
    iam = boto3.client(
        "iam",
        endpoint_url=server.endpoint,
        region_name=server.region,
        aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret_key,
    )
    name = f"user-{world.source}"
    iam.create_user(UserName=name)
    allow = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [allow, *({"Effect": "Deny", **one} for one in denied)]}
    iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    iam.close()
    _carry_out_policies(server, "0")
    try:
        yield ObjectStore(S3Access(server.endpoint, server.region, key["AccessKeyId"], key["SecretAccessKey"]))
    finally:
        _carry_out_policies(server, "inf")


def _carry_out_policies(server: S3Server, after: str) -> None:
    address, plain = f"{server.endpoint}/moto-api/reset-auth", {"Content-Type": "text/plain"}
    request = urllib.request.Request(address, after.encode(), plain, method="POST")  # noqa: S310 - of this test
    urllib.request.urlopen(request).close()  # noqa: S310 - as above
