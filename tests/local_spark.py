"""One Spark session per test process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql import SparkSession

    from tests.local_s3 import S3Server


@pytest.fixture(scope="session")
def spark(s3_server: S3Server) -> Iterator[SparkSession]:
    """A session on two threads that reads s3a:// from the local server."""
    from etl_core.spark.jars import present_jars  # noqa: PLC0415 - as below
    from etl_core.spark.session import build_session  # noqa: PLC0415 - tests without a JVM must not load Spark

    jars = ",".join(map(str, present_jars(("s3", "postgres"))))
    session = build_session(
        master="local[2]",
        s3_endpoint=s3_server.endpoint,
        s3_region=s3_server.region,
        s3_access_key=s3_server.access_key,
        s3_secret_key=s3_server.secret_key,
        options={"spark.sql.shuffle.partitions": "2", "spark.jars": jars},
    )
    yield session
    session.stop()
