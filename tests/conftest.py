"""Databases for every test that wants one: fresh, real, on an embedded server or the one TEST_DATABASE_URL names."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy
import structlog

from etl_core.postgres.embedded import embedded_postgres
from tests.databases import Databases, admin_engine, with_full_reporting, with_in_between, with_web_application

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Files of tests that start Spark, clusters or servers, the longest first; quick ones fill the gaps at the end.
_LONGEST = (
    "simulation/test_schedules.py",
    "pipelines/lake/test_spark.py",
    "end_to_end/jobs/test_watch_files.py",
    "end_to_end/faults/test_real_faults.py",
    "parity/test_lanes.py",
    "pipelines/records/test_watching.py",
    "simulation/test_regressions.py",
    "end_to_end/jobs/test_many_objects.py",
    "end_to_end/privacy/test_canaries.py",
    "etl_core/test_session.py",
    "parity/test_reference.py",
    "pipelines/records/test_stream.py",
    "packaging/test_container.py",
    "end_to_end/test_readme.py",
    "end_to_end/jobs/test_jobs.py",
    "end_to_end/test_process_batch.py",
    "end_to_end/test_spark_submit.py",
    "bench/test_bench.py",
    "pipelines/etl/",
    "pipelines/lake/",
    "pipelines/",
    "rows/",
    "engine/",
    "intake/",
    "end_to_end/",
    "packaging/",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files: workers take whole files, and the last one must not be long."""
    tests = Path(__file__).parent

    def rank(item: pytest.Item) -> int:
        file = item.path.relative_to(tests).as_posix()
        return next((at for at, start in enumerate(_LONGEST) if file.startswith(start)), len(_LONGEST))

    items.sort(key=rank)


@pytest.fixture(autouse=True)
def _log_as_before() -> Iterator[None]:
    """A job sets up the log for its process; the next test hears what it would hear alone."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.fixture
def postgres_directory() -> Iterator[Path]:
    """Where a test may put an embedded server: `tmp_path` lies in a directory that pytest closes to other users,
    also while tests of another session run, and root's Postgres runs as one."""
    with tempfile.TemporaryDirectory(prefix="dq-") as directory:
        yield Path(directory)


@pytest.fixture(scope="session")
def _server_url() -> Iterator[str]:
    """The address of a server on which databases may be made: one per test process, started when first asked for."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="dq-") as directory, embedded_postgres(f"{directory}/postgres") as server:
        admin = admin_engine(server.dsn)
        with admin.connect() as connection:  # nothing here has to survive a power cut
            connection.execute(sqlalchemy.text("ALTER SYSTEM SET fsync = off"))
            connection.execute(sqlalchemy.text("ALTER SYSTEM SET full_page_writes = off"))
            connection.execute(sqlalchemy.text("SELECT pg_reload_conf()"))
        admin.dispose()
        yield server.dsn


@pytest.fixture(scope="session")
def _databases(_server_url: str) -> Iterator[Databases]:
    """The databases of this process' tests."""
    made = Databases(_server_url)
    yield made
    made.close()


@pytest.fixture
def new_database(_databases: Databases) -> Iterator[Callable[..., str]]:
    """Makes databases, empty or filled by functions of `tests/databases.py`, and gives the address of each; they are
    dropped afterwards."""
    urls = list[str]()

    def make(*filled_by: Callable[[str], object]) -> str:
        urls.append(_databases.make(*filled_by))
        return urls[-1]

    yield make
    for url in urls:
        _databases.drop(url)


@pytest.fixture
def database_url(new_database: Callable[..., str]) -> str:
    """The address of a database without any table."""
    return new_database()


@pytest.fixture
def variant_a(new_database: Callable[..., str]) -> str:
    """The address of a database with the full reporting tables."""
    return new_database(with_full_reporting)


@pytest.fixture
def variant_b(new_database: Callable[..., str]) -> str:
    """The address of a database with the reporting tables of a web application."""
    return new_database(with_web_application)


@pytest.fixture
def variant_c(new_database: Callable[..., str]) -> str:
    """The address of a database with reporting tables in between."""
    return new_database(with_in_between)
