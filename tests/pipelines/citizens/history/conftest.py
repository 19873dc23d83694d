"""A warehouse with the tables of a made-up dataset beside those of citizens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import insert

from etl_core.postgres.database import connect
from etl_core.shipped_files import shipped_file
from pipelines.citizens.history.tables import dataset_table, history_tables
from tests.databases import apply
from tests.pipelines.citizens.history.histories import DATASETS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.engine import Engine


@pytest.fixture
def warehouse(new_database: Callable[..., str]) -> Iterator[Engine]:
    """The tables of the DDL, and those of the datasets that only tests know."""
    engine = connect(new_database(_with_histories))
    yield engine
    engine.dispose()


def _with_histories(url: str) -> None:
    for name in ("meta", "core"):
        apply(url, shipped_file(f"sql/warehouse/postgresql/{name}.sql"))
    engine = connect(url)
    with engine.begin() as connection:
        for dataset in DATASETS:
            tables = history_tables(dataset)
            for table in (tables.key, tables.value, tables.claim, tables.core):
                table.create(connection)
            connection.execute(insert(dataset_table).values(name=dataset.name, generation=0))
    engine.dispose()
