"""One database with the application's tables and the ledger for all tests of a module."""

from __future__ import annotations

import itertools
import uuid
import zlib
from typing import TYPE_CHECKING

import pytest
import sqlalchemy

from etl_core.postgres.database import connect
from etl_core.shipped_files import shipped_file
from jobs.running.database import make_all_tables
from pipelines.agencies.source.documents import Agency
from tests.databases import admin_engine, apply
from tests.pipelines.agencies.documents_world import DocumentsWorld

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3 import S3Client
    from sqlalchemy.engine import Engine

    from etl_core.objects.store import ObjectStore

_AGENCIES = itertools.count(10)


@pytest.fixture(scope="module")
def documents_database(_server_url: str) -> Iterator[Engine]:
    """Its engine."""
    admin, name = admin_engine(_server_url), f"test_{uuid.uuid4().hex}"
    with admin.connect() as connection:
        connection.execute(sqlalchemy.text(f"CREATE DATABASE {name}"))
    url = sqlalchemy.make_url(_server_url).set(database=name).render_as_string(hide_password=False)
    engine = connect(apply(url, shipped_file("sql/agencies/tables.sql")))
    make_all_tables(engine)
    yield engine
    engine.dispose()
    with admin.connect() as connection:
        connection.execute(sqlalchemy.text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


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
