"""A source, a warehouse and a ledger, each made and filled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.pipelines.etl.etl_world import EtlWorld

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pyspark.sql import SparkSession


@pytest.fixture
def world(new_database: Callable[[], str], tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[EtlWorld]:
    """Three databases of one server; Spark is started by the first test that reads."""

    def spark() -> SparkSession:
        session: SparkSession = request.getfixturevalue("spark")
        return session

    made = EtlWorld(new_database(), new_database(), new_database(), str(tmp_path / "etl"), spark)
    made.make()
    yield made
    made.close()
