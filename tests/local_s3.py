"""A local S3 and SQS service for tests: one moto server per test process."""

from __future__ import annotations

import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from etl_core.objects.store import ObjectStore, S3Access

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

    from etl_core.queue.sqs import Queue, QueueAccess


@dataclass(frozen=True)
class S3Server:
    """Where the service is and the credentials it is used with."""

    endpoint: str
    region: str = "us-east-1"
    access_key: str = "test-access-key"
    secret_key: str = "test-secret-key"


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    """The server; tests keep apart by the names of buckets and queues."""
    from moto.server import ThreadedMotoServer  # noqa: PLC0415 - two seconds that most tests can do without

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield S3Server(f"http://{host}:{port}")
    server.stop()


@pytest.fixture
def s3(s3_server: S3Server) -> Iterator[S3Client]:
    """A boto3 S3 client of the local server."""
    with s3_client_of(s3_server) as client:
        yield client


@contextmanager
def s3_client_of(server: S3Server) -> Iterator[S3Client]:
    """A boto3 S3 client of a server, for as long as the block lasts."""
    import boto3  # noqa: PLC0415 - half a second that most tests can do without

    client = boto3.client(
        "s3",
        endpoint_url=server.endpoint,
        region_name=server.region,
        aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret_key,
    )
    yield client
    client.close()


@pytest.fixture
def sqs(s3_server: S3Server) -> Iterator[SQSClient]:
    """A boto3 SQS client of the local server."""
    import boto3  # noqa: PLC0415 - half a second that most tests can do without

    client = boto3.client(
        "sqs",
        endpoint_url=s3_server.endpoint,
        region_name=s3_server.region,
        aws_access_key_id=s3_server.access_key,
        aws_secret_access_key=s3_server.secret_key,
    )
    yield client
    client.close()


@pytest.fixture
def bucket(s3: S3Client, request: pytest.FixtureRequest) -> str:
    """A bucket of this test's own, with versions on."""
    name = f"landing-{zlib.crc32(request.node.nodeid.encode()):08x}"
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


@pytest.fixture
def queue_url(sqs: SQSClient, request: pytest.FixtureRequest) -> str:
    """A queue of this test's own; what is received and not deleted is back after a second."""
    name = f"announcements-{zlib.crc32(request.node.nodeid.encode()):08x}"
    return sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "1"})["QueueUrl"]


@pytest.fixture
def queue_access(s3_server: S3Server, queue_url: str) -> QueueAccess:
    """How the queue is reached."""
    from etl_core.queue.sqs import QueueAccess  # noqa: PLC0415 - what most tests can do without

    return QueueAccess(queue_url, s3_server.endpoint, s3_server.region, s3_server.access_key, s3_server.secret_key)


@pytest.fixture
def queue(queue_access: QueueAccess) -> Queue:
    """The queue as the program sees it."""
    from etl_core.queue.sqs import Queue  # noqa: PLC0415 - as above

    return Queue(queue_access)


@pytest.fixture
def store(s3_server: S3Server) -> ObjectStore:
    """The local object store."""
    server = s3_server
    return ObjectStore(S3Access(server.endpoint, server.region, server.access_key, server.secret_key))
