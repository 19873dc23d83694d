"""A process may die before and after every commit; what it left is brought to the same end by the next one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest
from sqlalchemy import event, text

from pipelines.citizens.run_pipeline import run
from tests.pipelines.citizens.town import CORE, FACTS, Workbooks, load, person, rows

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from pipelines.citizens.doors import CitizensDoors

_ROOT = Path(__file__).parents[3]
_EMPTY = """
TRUNCATE meta.ingestion_log, meta.validation_log, meta.dataset_version, meta.unpublished_month, meta.etl_audit,
    core.citizen, core.citizen_key, core.citizen_value, core.citizen_claim,
    core.citizen_phone, core.citizen_phone_key, core.citizen_phone_value, core.citizen_phone_claim,
    mart.fact_citizen_snapshot;
DELETE FROM mart.dim_citizen WHERE citizen_key > 0;
DELETE FROM mart.dim_location WHERE location_key > 0
"""


class KilledError(BaseException):
    """The process is gone."""


@pytest.fixture
def two_months(workbooks: Workbooks) -> list[Path]:
    return [
        workbooks.citizens("2026-01", person(1), person(2), person(3, sex="?")),
        workbooks.phones("2026-01", ["C1", "cell", "415-555-2671"]),
        workbooks.citizens("2026-02", person(1, city="Boston"), person(4)),
    ]


def held(engine: Engine) -> tuple[object, ...]:
    """What core and mart hold."""
    return rows(engine, CORE), rows(engine, FACTS)


@pytest.mark.parametrize("moment", ["begin", "commit"])
def test_killed_at_any_commit_and_run_again_the_tables_are_those_of_one_clean_run(
    doors: CitizensDoors, warehouse_owner: Engine, two_months: list[Path], tmp_path: Path, moment: str
) -> None:
    load(doors, *two_months)
    expected, killed, every = held(doors.warehouse), 0, 12
    for at in range({"begin": 0, "commit": 1}[moment], 200, every):
        with warehouse_owner.begin() as connection:
            connection.execute(text(_EMPTY))
        own = replace(doors, root=tmp_path / f"root {at}")
        seen = 0

        def die(*_: object, at: int = at) -> None:
            nonlocal seen
            seen += 1
            if seen > at:
                raise KilledError

        event.listen(doors.warehouse, moment, die)
        died = True
        with suppress(KilledError):
            load(own, *two_months)
            died = False
        event.remove(doors.warehouse, moment, die)
        killed += died
        load(own, *two_months)
        assert held(doors.warehouse) == expected, f"killed at {moment} {at}"
        assert not list(own.land.glob(".part-*"))
        if not died:
            break
    assert killed > 2


#: Commits that a process is killed at for real, by Hypothesis' profile; a few by default.
_REAL = {"thorough": range(200), "long": range(200)}
_USUALLY = (7,)


@pytest.mark.parametrize("moment", ["commit", "committed"])
def test_a_process_killed_for_real_at_a_commit_is_made_good_by_the_next(
    doors: CitizensDoors, warehouse_owner: Engine, two_months: list[Path], tmp_path: Path, moment: str
) -> None:
    load(doors, *two_months)
    expected, killed = held(doors.warehouse), 0
    for at in _REAL.get(hypothesis.settings.get_current_profile_name(), _USUALLY):
        with warehouse_owner.begin() as connection:
            connection.execute(text(_EMPTY))
        own = replace(doors, root=tmp_path / f"root {at}")
        environment = {
            **os.environ,
            "WAREHOUSE_URL": doors.warehouse.url.render_as_string(hide_password=False),
            "CITIZENS_ROOT": str(own.root),
            "PYTHONPATH": str(_ROOT),
        }
        program = [sys.executable, "-m", "tests.pipelines.citizens.killed_program", moment, str(at)]
        for arguments in (["ingest", *map(str, two_months)], ["run"]):
            died = subprocess.run([*program, *arguments], env=environment, check=False, capture_output=True, text=True)
            assert died.returncode in {0, -signal.SIGKILL}, died.stderr
            killed += died.returncode == -signal.SIGKILL
        assert run(own) in {0, 1}
        load(own, *two_months)
        assert held(doors.warehouse) == expected, f"killed at {moment} {at}"
        assert not list(own.root.rglob(".part-*"))
        if died.returncode == 0:
            break
    sys.stdout.write(f"killed {killed} times\n")
    assert killed
