"""A process may die before and after every commit; what it left is brought to the same end by the next one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event, text

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


def test_a_process_killed_for_real_in_mid_load_is_made_good_by_the_next(
    doors: CitizensDoors, service: Engine, workbooks: Workbooks
) -> None:
    paths = [workbooks.citizens(f"2026-{month:02}", *(person(n) for n in range(month, 300))) for month in (1, 2, 3)]
    environment = {
        **os.environ,
        "WAREHOUSE_URL": service.url.render_as_string(hide_password=False),
        "CITIZENS_ROOT": str(doors.root),
        "PYTHONPATH": str(_ROOT),
    }
    program = [sys.executable, "-m", "pipelines.citizens.run_pipeline"]
    subprocess.run([*program, "ingest", *map(str, paths)], env=environment, check=True, capture_output=True)
    with subprocess.Popen(
        [*program, "run"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as run:
        ends = time.monotonic() + 60
        while not rows(service, "SELECT 1 FROM meta.dataset_version") and time.monotonic() < ends:
            time.sleep(0.01)
        os.kill(run.pid, signal.SIGKILL)
    loaded = rows(service, "SELECT count(*) FROM meta.dataset_version")
    assert loaded < [(3,)], "it was done before it could be killed"
    done = subprocess.run([*program, "run"], env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert rows(service, "SELECT count(*), min(row_count) FROM meta.dataset_version WHERE is_live") == [(3, 297)]
    assert rows(service, "SELECT date_key, count(*) FROM mart.fact_citizen_snapshot GROUP BY 1 ORDER BY 1") == [
        (20260101, 299),
        (20260201, 298),
        (20260301, 297),
    ]
