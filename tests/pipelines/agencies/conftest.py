"""One database with the application's tables and the ledger for all tests of a module."""

from __future__ import annotations

import itertools
import zlib
from typing import TYPE_CHECKING

import pytest

from etl_core.postgres.database import connect
from etl_core.shipped_files import shipped_file
from pipelines.agencies.source.documents import Agency
from tests.databases import Databases, apply, with_all_tables, with_full_reporting
from tests.pipelines.agencies.documents_world import DocumentsWorld

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3 import S3Client
    from sqlalchemy.engine import Engine

    from etl_core.objects.store import ObjectStore

_AGENCIES = itertools.count(10)


@pytest.fixture(scope="module")
def documents_database(_databases: Databases) -> Iterator[Engine]:
    """Its engine."""
    url = _databases.make(with_full_reporting, with_all_tables)
    engine = connect(apply(url, shipped_file("sql/agencies/tables.sql")))
    yield engine
    engine.dispose()
    _databases.drop(url)


@pytest.fixture
def world(
    documents_database: Engine, store: ObjectStore, s3: S3Client, request: pytest.FixtureRequest
) -> DocumentsWorld:
    """An agency of the test's own, with two buckets."""
    number = next(_AGENCIES)
    agency = Agency(number, f"agency-{number}")
    mark = f"{zlib.crc32(request.node.nodeid.encode()):08x}"
    for kind in ("from", "to"):
        s3.create_bucket(Bucket=f"{kind}-{mark}")
    made = DocumentsWorld(documents_database, store, s3, agency, f"from-{mark}", f"to-{mark}")
    made.insert("documents.agency", {"id": agency.id, "slug": agency.slug})
    return made
