"""A run that is killed between any two effects leaves nothing half, and the next one brings the day to its end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

import pipelines.etl.load_step
from etl_core.errors import DatabaseUnavailableError, SettingsError
from etl_core.postgres.locks import held
from pipelines.etl.errors import FlowBusyError
from pipelines.etl.ledger.steps import STEPS, StepLedger
from tests.pipelines.etl.etl_world import FIRST, EtlWorld

if TYPE_CHECKING:
    from collections.abc import Callable

_ROOT = Path(__file__).resolve().parents[3]


class KilledError(BaseException):
    """What no code of ours handles: the process is gone."""


def _killed(*_arguments: object, **_named: object) -> None:
    raise KilledError


def _kill_before_the_end_of(step: str) -> Callable[..., object]:
    ended = StepLedger.end

    def end(ledger: StepLedger, attempt: int, *arguments: object, **named: object) -> object:
        with ledger.database.connect() as connection:
            found = connection.scalar(text("SELECT step FROM pipeline.etl_run WHERE id = :id"), {"id": attempt})
        if found == step:
            raise KilledError
        return ended(ledger, attempt, *arguments, **named)  # type: ignore[arg-type]  # as they came

    return end


@pytest.mark.parametrize("step", STEPS)
def test_a_run_killed_before_it_noted_the_end_of_a_step_is_healed_by_the_next(
    step: str, world: EtlWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The step's own effect is there, its rows or its transaction, and nobody knows of it."""
    with monkeypatch.context() as patched:
        patched.setattr(StepLedger, "end", _kill_before_the_end_of(step))
        with pytest.raises(KilledError):
            world.run(FIRST)
    assert world.steps()[-1] == (step, "running")
    assert len(world.loaded()) == (5 if step == "load" else 0)
    before = world.loaded()
    healed = world.run(FIRST)
    assert [row.state for row in healed.steps][STEPS.index(step) :] == ["done"] * (3 - STEPS.index(step))
    assert [row.state for row in healed.steps][: STEPS.index(step)] == ["skipped"] * STEPS.index(step)
    assert (step, "failed") in world.steps()
    assert len(world.loaded()) == 5
    assert step != "load" or world.loaded() == before
    for kind in ("extract", "clean"):
        assert len(list(Path(world.root).glob(f"*/*/{kind}/*"))) == 1, "what the killed attempt left is gone"


def test_a_load_killed_within_its_transaction_shows_nothing(world: EtlWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process of its own, killed with -9 while its transaction waits for somebody's lock."""
    world.run(FIRST, ("extract", "transform"))
    program = (
        "import sys; from tests.pipelines.etl.etl_world import FIRST, EtlWorld; "
        "EtlWorld(*sys.argv[1:5], spark=None, lock_seconds=60).run(FIRST, ('load',))"
    )
    arguments = (world.source_url, world.warehouse_url, world.ledger_url, world.root)
    command = [sys.executable, "-c", program, *arguments]
    with world.engine(world.warehouse_url).begin() as other:
        other.execute(text("LOCK TABLE analytics.user_analytics IN SHARE MODE"))
        process = subprocess.Popen(command, cwd=_ROOT, env={**os.environ, "PYTHONPATH": str(_ROOT)})
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation IS NOT NULL"
        while world.rows(world.warehouse_url, waiting) == [(0,)]:
            assert process.poll() is None
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert world.steps()[-1] == ("load", "running")
    assert world.loaded() == []
    monkeypatch.setattr(world, "lock_seconds", 10)  # the server takes a moment to see that it is gone
    assert world.run(FIRST, ("load",)).steps[0].state == "done"
    assert len(world.loaded()) == 5


def test_a_warehouse_whose_table_is_locked_is_waited_for_and_the_load_goes_well_later(world: EtlWorld) -> None:
    with world.engine(world.warehouse_url).begin() as other:
        other.execute(text("LOCK TABLE analytics.user_analytics IN ACCESS EXCLUSIVE MODE"))
        with pytest.raises(DatabaseUnavailableError, match="was not loaded, nothing of it has changed"):
            world.run(FIRST)
    assert world.steps()[-1] == ("load", "failed")
    audit = "SELECT status FROM pipeline.audit WHERE step = 'load'"
    assert world.rows(world.ledger_url, audit) == [("postponed",)]
    assert [row.state for row in world.run(FIRST).steps] == ["skipped", "skipped", "done"]


def test_of_two_runs_at_once_one_waits_or_is_told_who_runs(world: EtlWorld) -> None:
    ledger = world.doors().ledger
    with held(ledger.database, "etl", world.flow_name):
        StepLedger(ledger.database, world.flow_name, "run-1").begin(FIRST, "extract", "input", world.doors().clock())
        with pytest.raises(FlowBusyError, match="run run-1 is at its extract of 2026-01-01 since"):
            world.run(FIRST)
    world.lock_seconds = 120
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(lambda _: world.run(FIRST), range(2)))
    assert sorted(tuple(row.state for row in one.steps) for one in outcomes) == [("done",) * 3, ("skipped",) * 3]
    assert len(world.loaded()) == 5


def test_rows_that_are_gone_from_between_the_steps_are_read_again(world: EtlWorld) -> None:
    world.run(FIRST, ("extract", "transform"))
    for path in Path(world.root).glob("*/*/clean/*/*.parquet"):
        path.unlink()
    assert [row.state for row in world.run(FIRST).steps] == ["skipped", "done", "done"]


def test_a_folder_for_rows_that_cannot_be_made_is_named_before_anything_is_read(
    world: EtlWorld, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"ETL_ROOT: .*file/rows cannot be written: Not a directory"):
        replace(world, root=str(tmp_path / "file" / "rows")).run(FIRST)


def test_an_error_within_a_step_is_kept_and_nothing_else_changes(
    world: EtlWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipelines.etl.load_step, "load_rows", _killed)
    with pytest.raises(KilledError):
        world.run(FIRST)
    query = "SELECT state, message FROM pipeline.etl_run WHERE step = 'load'"
    assert world.rows(world.ledger_url, query) == [("failed", "KilledError")]
