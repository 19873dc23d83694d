"""A ledger in a database of each test's own, and a local S3 and SQS."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dq.ledger.inbox import Inbox
from dq.ledger.migrate import migrate
from etl_core.objects.store import ObjectStore, S3Access
from etl_core.postgres.database import connect
from tests.local_s3 import bucket, s3, s3_server, sqs
from tests.local_spark import spark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Engine

    from tests.local_s3 import S3Server

__all__ = ["bucket", "s3", "s3_server", "spark", "sqs"]


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on a database with the ledger's tables."""
    made = connect(database_url)
    migrate(made)
    yield made
    made.dispose()


@pytest.fixture
def inbox(engine: Engine) -> Inbox:
    """A ledger in which three attempts are allowed."""
    return Inbox(engine, max_attempts=3)


@pytest.fixture
def store(s3_server: S3Server) -> ObjectStore:
    """The local object store."""
    server = s3_server
    return ObjectStore(S3Access(server.endpoint, server.region, server.access_key, server.secret_key))
