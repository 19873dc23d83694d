"""A folder for a table, per test; Spark for tables, per test process."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import pytest

from etl_core.objects.store import S3Access
from pipelines.lake.files.table_folder import TableFolder, lake_table
from tests.end_to_end.conftest import landing
from tests.pipelines.lake import table_session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.local_s3 import S3Server

__all__ = ["landing"]

P = ParamSpec("P")
T = TypeVar("T")


@pytest.fixture
def folder(tmp_path: Path) -> TableFolder:
    """Where a table may be made."""
    return lake_table(str(tmp_path / "the lake"), "silver", "trips")


@pytest.fixture(scope="session")
def s3_access(s3_server: S3Server) -> S3Access:
    """How the local server is reached."""
    return S3Access(s3_server.endpoint, s3_server.region, s3_server.access_key, s3_server.secret_key)


class TableSession:
    """The process with the session: carries out functions of `table_session`."""

    def __init__(self, executor: ProcessPoolExecutor) -> None:
        self._executor = executor

    def __call__(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return self._executor.submit(function, *args, **kwargs).result()


@pytest.fixture(scope="session")
def spark_tables(s3_access: S3Access) -> Iterator[TableSession]:
    """Spark for tables."""
    with ProcessPoolExecutor(1, get_context("spawn"), table_session.start, (s3_access,)) as executor:
        yield TableSession(executor)
