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
    """A session on two threads for s3a:// of the local server, and Kafka where there is a connector."""
    from etl_core.spark.jar_sets import JAR_SETS  # noqa: PLC0415 - as below
    from etl_core.spark.jars import installed_spark, present_jars  # noqa: PLC0415 - as below
    from etl_core.spark.session import build_session  # noqa: PLC0415 - tests without a JVM must not load Spark

    sets = [name for name in ("s3", "kafka") if JAR_SETS[name].fits(installed_spark())]
    session = build_session(
        master="local[2]",
        s3_endpoint=s3_server.endpoint,
        s3_region=s3_server.region,
        s3_access_key=s3_server.access_key,
        s3_secret_key=s3_server.secret_key,
        # A JVM keeps the jars of its first session.
        options={"spark.sql.shuffle.partitions": "2", "spark.jars": ",".join(map(str, present_jars(sets)))},
    )
    yield session
    session.stop()
