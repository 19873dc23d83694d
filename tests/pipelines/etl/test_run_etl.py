"""`run_etl` as people call it: what its exit code says, and what stands on stdout."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr
from rich.console import Console
from sqlalchemy import text

from dq.ledger.migrate import migrate
from jobs.etl.run_etl import main
from jobs.playground.etl_demo import play
from jobs.running.exit_codes import run_entrypoint
from jobs.running.settings import read_settings
from jobs.running.wiring import Program
from tests.pipelines.etl.etl_world import EtlWorld

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pyspark.sql import SparkSession

_FIRST = ("--date", "2026-01-01")


def _run(world: EtlWorld, *arguments: str, **settings: object) -> int:
    chosen: dict[str, object] = {
        "database_url": SecretStr(world.ledger_url),
        "source_database_url": SecretStr(world.source_url),
        "warehouse_url": SecretStr(world.warehouse_url),
        "etl_root": world.root,
        "etl_lock_seconds": 1,
        **settings,
    }
    program = Program(read_settings(None, **chosen), Console())

    def job(argv: Sequence[str]) -> int:
        return main(list(argv), program)

    return run_entrypoint(job, ["user_analytics", *arguments])


def test_a_day_is_loaded_with_0_stopped_with_1_put_off_with_75_and_refused_with_2(
    world: EtlWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    world.spark()
    assert _run(world, *_FIRST) == 0
    assert "5 inserted, 0 updated, 0 unchanged" in capsys.readouterr().out
    assert _run(world, *_FIRST, "--dry-run") == 0
    shown = capsys.readouterr().out
    assert "extract: 5 rows of 2026-01-01 would be read" in shown
    assert "load: upsert into analytics.user_analytics" in shown
    assert len(world.steps()) == 3
    world.change(world.source_url, "UPDATE users SET email = NULL WHERE id = 3")
    assert _run(world, *_FIRST) == 1
    assert "rows fail (20.00%), and none may" in " ".join(capsys.readouterr().out.split())
    with world.engine(world.warehouse_url).begin() as other:
        other.execute(text("LOCK TABLE analytics.user_analytics IN ACCESS EXCLUSIVE MODE"))
        world.change(world.source_url, "UPDATE users SET email = 'c@example.com' WHERE id = 3")
        assert _run(world, *_FIRST) == 75
    world.change(world.source_url, "ALTER TABLE users RENAME COLUMN email TO mail")
    assert _run(world, *_FIRST) == 2


def test_rows_that_refer_to_nothing_stop_the_load(world: EtlWorld, tmp_path: Path) -> None:
    world.spark()
    refers = "rowCount: {min: 1}\n  references: {fields: id, in: 'table:shop.known', on: user_id}"
    world.with_flow(tmp_path / "flows", count=refers)
    world.change(
        world.ledger_url, "CREATE SCHEMA shop; CREATE TABLE shop.known AS SELECT generate_series(1, 4) AS user_id"
    )
    flows = str(tmp_path / "flows")
    assert _run(world, *_FIRST, etl_flows=flows, reference_schemas=("shop",)) == 1
    told = world.rows(world.ledger_url, "SELECT message FROM pipeline.etl_run WHERE step = 'transform'")
    assert "a critical rule failed: id: references;" in told[0][0]
    world.change(world.ledger_url, "INSERT INTO shop.known VALUES (5)")
    assert _run(world, *_FIRST, etl_flows=flows, reference_schemas=("shop",)) == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "no day is named"),
        ((*_FIRST, "--since", "2026-01-01"), "--date names one day"),
        (("--since", "2026-01-02", "--until", "2026-01-02"), "no day is from 2026-01-02 on"),
        (("--since", "2026-01-01", "--until", "2026-01-02", "--step", "load"), "--step goes with --date"),
        (("--date", "2999-12-31"), "2999-12-31 has not begun"),
        ((*_FIRST, "--step", "load"), "needs the rows of extract"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_2(
    arguments: tuple[str, ...], said: str, world: EtlWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(world, *arguments) == 2
    caught = capsys.readouterr()
    assert said in caught.out + caught.err
    assert world.steps() == []


def test_a_setting_or_a_table_that_is_missing_is_named(
    world: EtlWorld, new_database: Callable[..., str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert _run(world, *_FIRST, source_database_url=None) == 2
    assert _run(world, *_FIRST, etl_flows=str(tmp_path / "none")) == 2
    without = new_database()
    migrate(world.engine(without))
    assert _run(world, *_FIRST, database_url=SecretStr(without)) == 2
    caught = capsys.readouterr()
    said = caught.out + caught.err
    assert "SOURCE_DATABASE_URL: is not set, and the flow user_analytics needs it" in said
    assert "ETL_FLOWS: there is no folder" in said
    assert "has not been carried out" in said
    assert "run `pipeline-processing migrate`" in said


def test_the_demo_plays_three_days_of_a_shop(
    new_database: Callable[..., str], tmp_path: Path, spark: SparkSession, capsys: pytest.CaptureFixture[str]
) -> None:
    assert spark.sparkContext.master == "local[2]"
    settings = read_settings(
        None,
        database_url=SecretStr(new_database()),
        source_database_url=SecretStr(new_database()),
        warehouse_url=SecretStr(new_database()),
        etl_root=str(tmp_path / "etl"),
    )
    assert play(Program(settings, Console())) == 0
    shown = capsys.readouterr().out
    assert shown.count("cy@example.org") == 1, "the last table has what was mended"
    assert "pipeline.etl_run" in shown
