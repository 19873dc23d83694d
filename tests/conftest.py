"""Databases for every test that wants one: fresh, real, on an embedded server or the one TEST_DATABASE_URL names."""

from __future__ import annotations

import os
import tempfile
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy

from etl_core.postgres.embedded import embedded_postgres
from etl_core.shipped_files import shipped_file
from tests.databases import VARIANTS, admin_engine, apply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Files of tests that start Spark, clusters or servers, the longest first; quick ones fill the gaps at the end.
_LONGEST = (
    "simulation/test_schedules.py",
    "parity/test_lanes.py",
    "end_to_end/test_spark_submit.py",
    "etl_core/test_session.py",
    "end_to_end/test_readme.py",
    "pipelines/lake/test_spark.py",
    "pipelines/records/test_watching.py",
    "pipelines/records/test_stream.py",
    "packaging/test_container.py",
    "engine/files/test_hostile_keys.py",
    "engine/test_neighbours.py",
    "end_to_end/jobs/test_watch_files.py",
    "engine/test_cluster.py",
    "bench/test_bench.py",
    "parity/test_reference.py",
    "pipelines/etl/test_days.py",
    "pipelines/etl/test_crashes.py",
    "pipelines/lake/test_s3.py",
    "pipelines/lake/test_state_machine.py",
    "rows/",
    "engine/",
    "intake/test_stream_source.py",
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


@pytest.fixture
def new_database(_server_url: str) -> Iterator[Callable[[], str]]:
    """Makes databases without any table, and gives the address of each; they are dropped afterwards."""
    admin, names = admin_engine(_server_url), list[str]()

    def make() -> str:
        names.append(f"test_{uuid.uuid4().hex}")
        with admin.connect() as connection:
            connection.execute(sqlalchemy.text(f"CREATE DATABASE {names[-1]}"))
        return sqlalchemy.make_url(_server_url).set(database=names[-1]).render_as_string(hide_password=False)

    yield make
    with admin.connect() as connection:
        for name in names:
            connection.execute(sqlalchemy.text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture
def database_url(new_database: Callable[[], str]) -> str:
    """The address of a database without any table."""
    return new_database()


@pytest.fixture
def variant_a(database_url: str) -> str:
    """The address of a database with the full reporting tables, as `conf/sql/reporting.sql` makes them."""
    return apply(database_url, shipped_file("sql/reporting.sql"))


@pytest.fixture
def variant_b(database_url: str) -> str:
    """The address of a database as a web framework makes it: no defaults, no uniqueness, no optional columns."""
    return apply(database_url, VARIANTS / "web_application.sql")


@pytest.fixture
def variant_c(database_url: str) -> str:
    """The address of a database in between: some optional columns, narrow types, uuid keys."""
    return apply(database_url, VARIANTS / "in_between.sql")
