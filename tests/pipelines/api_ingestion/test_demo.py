"""The demo of an application: its records have a verdict and are rows in silver, and `audit` prints the path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import SecretStr
from rich.console import Console
from sqlalchemy import text

from etl_core.postgres.database import connect
from etl_core.settings import declared_fields
from jobs.playground.api_demo import VARIABLES, play
from jobs.registry import Job
from jobs.running.job_run import run_job
from jobs.running.settings import ROOMS, read_settings
from jobs.running.wiring import Program
from tests.databases import with_all_tables, with_full_reporting

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from tests.local_s3 import S3Server


def test_an_applications_records_are_judged_lifted_and_followed(
    new_database: Callable[..., str],
    s3_server: S3Server,
    bucket: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    url = new_database(with_full_reporting, with_all_tables)
    chosen = {name: one.default for name, one in declared_fields(ROOMS).items()}
    chosen |= {
        "database_url": SecretStr(url),
        "s3_endpoint": s3_server.endpoint,
        "s3_region": s3_server.region,
        "s3_access_key": SecretStr(s3_server.access_key),
        "s3_secret_key": SecretStr(s3_server.secret_key),
        "allowed_buckets": (bucket,),
        "landing_bucket": bucket,
        "api_sources": str(tmp_path),
        "lake_root": str(tmp_path / "lake"),
    }
    database = connect(url)
    try:
        program = Program(read_settings(**chosen), Console())
        job = Job("demo", "", lambda _argv: play(program, database, tmp_path), "0")
        assert run_job(job, []) == 0
    finally:
        database.dispose()
    printed = " ".join(capsys.readouterr().out.replace("│", " ").split())
    for part in ("boundsRange", "replaced", "demo: land", "demo: verdict", "151 to silver, 1 to quarantine"):
        assert part in printed
    rows = "SELECT state, rows_read, rows_silver FROM pipeline.silver_load ORDER BY id"
    assert [tuple(row) for row in _ask(url, rows)] == [("replaced", 150, 150), ("loaded", 152, 151)]


def _ask(url: str, query: str) -> list[Any]:
    database = connect(url)
    with database.connect() as connection:
        found = list(connection.execute(text(query)))
    database.dispose()
    return found
