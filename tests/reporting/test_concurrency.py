"""Two processes at once on the same objects: one run each, one quality row each, the newer object's verdict."""

from __future__ import annotations

import multiprocessing
from typing import TYPE_CHECKING

import pytest

from dq.reporting.catalogue.catalogue import read_catalogue
from dq.reporting.readback import read_verdicts
from etl_core.postgres.database import connect
from tests.reporting.racing import FILES, LEDGER, race, race_windows, score_of
from tests.reporting.samples import DAY, add_file, everything

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.synchronize import Barrier

ROUNDS = 120


def _run_two(work: Callable[[str, int, int, Barrier], None], url: str, rounds: int) -> None:
    fresh = multiprocessing.get_context("spawn")
    start = fresh.Barrier(2)
    processes = [fresh.Process(target=work, args=(url, number, rounds, start)) for number in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0, 0]


@pytest.mark.parametrize("variant", ["variant_a", "variant_b", "variant_c"])
def test_two_processes_on_the_same_objects_give_one_run_each(variant: str, request: pytest.FixtureRequest) -> None:
    """The files do not exist either, so that placeholders are raced for as well; nobody runs into a deadlock."""
    url = request.getfixturevalue(variant)
    engine = connect(url)
    with engine.begin() as connection:
        connection.exec_driver_sql(LEDGER)
    _run_two(race, url, ROUNDS)
    tables = everything(engine)
    assert len(tables["monitoring_file"]) == FILES
    assert len(tables["monitoring_file_run"]) == ROUNDS
    assert len(tables["monitoring_file_data_quality"]) == ROUNDS
    rows = {
        (row.file_name, row.run_date, row.run_hour): row.score for row in read_verdicts(engine, read_catalogue(engine))
    }
    for number in range(ROUNDS):
        window = number // FILES
        newer = max(score_of(0, number), score_of(1, number))
        assert rows[f"file-{number % FILES}", DAY.replace(day=DAY.day + window // 24), window % 24] == newer
    if "monitoring_file_failed_validation" in tables:
        per_run = {row["monitoring_file_run_id"]: 0 for row in tables["monitoring_file_failed_validation"]}
        for row in tables["monitoring_file_failed_validation"]:
            per_run[row["monitoring_file_run_id"]] += 1
        newer_process = [int(score_of(1, number) % 2) for number in range(ROUNDS)]
        assert sorted(per_run.values()) == sorted(process + 1 for process in newer_process)
    engine.dispose()


@pytest.mark.parametrize("variant", ["variant_a", "variant_b"])
def test_two_windows_at_once_leave_the_newer_score(variant: str, request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue(variant)
    engine = connect(url)
    add_file(engine)
    _run_two(race_windows, url, ROUNDS)
    assert len(everything(engine)["monitoring_file_run"]) == 2 * ROUNDS
    engine.dispose()
