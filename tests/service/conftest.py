"""One service a module of tests, whose objects keep apart by their keys."""

from __future__ import annotations

import logging
import zlib
from typing import TYPE_CHECKING

import pytest
import structlog

from etl_core.postgres.database import Timeouts, connect
from tests.databases import login, with_all_tables, with_full_reporting
from tests.end_to_end.landing import make_landing
from tests.local_s3 import s3_client_of
from tests.service.signed import Certificates
from tests.service.site import Site, listening, service_doors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3 import S3Client

    from tests.databases import Databases
    from tests.end_to_end.landing import Landing
    from tests.local_s3 import S3Server


@pytest.fixture(autouse=True, scope="session")
def _no_debug_lines() -> Iterator[None]:
    """Unconfigured, structlog paints traces with all their variables, which takes longer than the tests."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    yield
    structlog.configure(**before)


@pytest.fixture(scope="module")
def s3_client(s3_server: S3Server) -> Iterator[S3Client]:
    with s3_client_of(s3_server) as client:
        yield client


@pytest.fixture(scope="module")
def landing(
    _databases: Databases, s3_server: S3Server, s3_client: S3Client, request: pytest.FixtureRequest
) -> Iterator[Landing]:
    """The full tables and a bucket of the module's own."""
    bucket = f"served-{zlib.crc32(request.node.nodeid.encode()):08x}"
    s3_client.create_bucket(Bucket=bucket)
    s3_client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    url = _databases.make(with_full_reporting, with_all_tables)
    made = make_landing(url, s3_server, s3_client, bucket)
    yield made
    made.database.dispose()
    _databases.drop(url)


@pytest.fixture(scope="module")
def certificates() -> Certificates:
    return Certificates()


@pytest.fixture(scope="module")
def site(landing: Landing, certificates: Certificates) -> Iterator[Site]:
    """A service that reads as a member of pipeline_reader, in sessions that may not write."""
    with login(landing.database, "pipeline_reader") as signed_in:
        address = signed_in.url.render_as_string(hide_password=False)
        reader = connect(address, timeouts=Timeouts(connect=10, lock=20, statement=60, pool=60), read_only=True)
        with listening(service_doors(landing, reader, certificates), landing, certificates) as made:
            yield made
        reader.dispose()
