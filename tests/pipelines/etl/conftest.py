"""A source, a warehouse and a ledger, each made and filled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from etl_core.shipped_files import shipped_file
from tests.databases import apply, with_all_tables
from tests.pipelines.etl.etl_world import EtlWorld

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pyspark.sql import SparkSession


def with_source(url: str) -> None:
    """Make the tables of the source, and fill them."""
    for name in ("source", "sample"):
        apply(url, shipped_file(f"sql/etl/{name}.sql"))


def with_warehouse(url: str) -> None:
    """Make the tables of the warehouse."""
    apply(url, shipped_file("sql/etl/warehouse.sql"))


@pytest.fixture
def world(new_database: Callable[..., str], tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[EtlWorld]:
    """Three databases of one server; Spark is started by the first test that reads."""

    def spark() -> SparkSession:
        session: SparkSession = request.getfixturevalue("spark")
        return session

    made = EtlWorld(
        source_url=new_database(with_source),
        warehouse_url=new_database(with_warehouse),
        ledger_url=new_database(with_all_tables),
        root=str(tmp_path / "etl"),
        spark=spark,
    )
    yield made
    made.close()
