"""One broker for all tests of records, and for each test topics, a database and a lake of its own."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from etl_core.spark.jar_sets import JAR_SETS
from etl_core.spark.jars import installed_spark
from jobs.playground.local_broker import LocalBroker, local_broker
from tests.databases import with_all_tables, with_full_reporting
from tests.pipelines.records.rig import Rig

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pyspark.sql import SparkSession


@pytest.fixture(scope="session")
def broker() -> Iterator[LocalBroker]:
    """A broker of this test process."""
    if not JAR_SETS["kafka"].fits(installed_spark()):
        pytest.skip("there is no connector for this PySpark")
    with tempfile.TemporaryDirectory(prefix="broker-") as folder, local_broker(Path(folder) / "kafka") as started:
        yield started


@pytest.fixture
def rig(broker: LocalBroker, spark: SparkSession, new_database: Callable[..., str], tmp_path: Path) -> Iterator[Rig]:
    """A flow with topics of its own."""
    url = new_database(with_full_reporting, with_all_tables)
    with Rig.made(broker, spark, url, tmp_path) as made:
        yield made
