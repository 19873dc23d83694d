"""What monitoring_file shows: the score of the newest window or the mean of several, and that nothing is missing."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from dq.reporting.catalogue.catalogue import read_catalogue
from dq.reporting.reporting import ReportingStore
from etl_core.postgres.transaction import begin
from tests.reporting.samples import DAY, everything, result, verdict
from tests.reporting.saving import configured, save

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine


def test_latest_score_is_that_of_the_newest_window_in_any_order(engine: Engine) -> None:
    file = configured(engine)
    steps = [(DAY, 12, 70, 70), (DAY, 11, 10, 70), (date(2026, 1, 3), 23, 20, 70), (DAY, 13, 90, 90), (DAY, 13, 91, 91)]
    for day, hour, score, latest in steps:
        save(engine, result(file, run_date=day, run_hour=hour, verdict=verdict(score)))
        assert everything(engine)["monitoring_file"][0]["latest_data_quality_score"] == latest


def test_a_newer_window_without_a_score_does_not_count(engine_a: Engine) -> None:
    file = configured(engine_a)
    with engine_a.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO reporting.monitoring_file_run (monitoring_file_id, run_date, run_hour) "
            "VALUES (%s, '2026-01-05', 0)",
            (file.id,),
        )
    save(engine_a, result(file, verdict=verdict(66)))
    assert everything(engine_a)["monitoring_file"][0]["latest_data_quality_score"] == 66


def test_a_rolling_score_is_the_mean_of_the_newest_windows(engine: Engine) -> None:
    file = configured(engine)
    store = ReportingStore(read_catalogue(engine), score_aggregate="rolling", rolling_windows=3)
    seen = []
    for hour, score in [(5, 100), (7, 51), (6, 80), (1, 0), (8, 90)]:
        wanted = result(file, run_hour=hour, verdict=verdict(score))
        with begin(engine) as transaction:
            store.save(transaction, wanted)
        seen.append(float(everything(engine)["monitoring_file"][0]["latest_data_quality_score"]))
    # means: 100; 75.5; 77; the 01h window is older than the newest three; (51 + 80 + 90) / 3 = 73.67
    assert seen in ([100, 76, 77, 77, 74], [100, 75.5, 77, 77, 73.67])


def test_an_arriving_file_is_no_longer_missing_even_when_its_window_is_old(engine_a: Engine) -> None:
    file = configured(engine_a)
    save(engine_a, result(file))
    with engine_a.begin() as connection:
        connection.exec_driver_sql("UPDATE reporting.monitoring_file SET is_missing = true")
    save(engine_a, result(file, run_hour=3, verdict=verdict(5)))
    row = everything(engine_a)["monitoring_file"][0]
    assert (row["is_missing"], row["latest_data_quality_score"]) == (False, 92)
