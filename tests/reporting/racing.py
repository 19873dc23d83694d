"""What the processes of the concurrency tests do. A module of its own, for new processes to import."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from dq.reporting.catalogue.catalogue import read_catalogue
from dq.reporting.reporting import ReportingStore
from etl_core.postgres.database import connect
from etl_core.postgres.transaction import begin
from tests.reporting.samples import DAY, NOON, failed_rule, result, verdict, version

if TYPE_CHECKING:
    from multiprocessing.synchronize import Barrier

    from sqlalchemy.engine import Connection, Engine

    from dq.events.object_version import ObjectVersion
    from dq.reporting.reporting import RunResult

FILES = 3
#: A ledger that knows no more than the guard needs.
LEDGER = "CREATE TABLE public.done (file text, day date, hour int, last_modified timestamptz)"


def score_of(process: int, number: int) -> int:
    """The newer of two objects in a race has the odd score, and each process is the newer one in half of them."""
    return number % 40 * 2 + is_newer(process, number)


def is_newer(process: int, number: int) -> bool:
    """Whether this process has the newer object in this round."""
    return (number * 2654435761 >> 7) % 2 == process


def race(url: str, process: int, rounds: int, start: Barrier) -> None:
    """Save one object per round, at the same moment as the other process saves its object of the same run."""
    engine = connect(url)
    catalogue = read_catalogue(engine, creates_files=True)
    store = ReportingStore(catalogue)
    for number in range(rounds):
        start.wait(30)
        name = f"file-{number % FILES}"
        with engine.begin() as connection:
            file = store.create_placeholder(connection, "tenant-a", name, "s3://landing/", NOON)
        day, hour = DAY + timedelta(days=number // FILES // 24), number // FILES % 24
        mine = version(NOON + timedelta(minutes=number * 2 + is_newer(process, number)))
        wanted = result(
            file,
            run_date=day,
            run_hour=hour,
            version=mine,
            verdict=verdict(
                score_of(process, number),
                failed_validation_rules=tuple(failed_rule(f"c{n}") for n in range(process + 1)),
            ),
        )
        _save_with_ledger(engine, store, wanted)
    engine.dispose()


def race_windows(url: str, process: int, rounds: int, start: Barrier) -> None:
    """Save neighbouring windows of one file at the same moment; the windows of later rounds are newer."""
    engine = connect(url)
    store = ReportingStore(read_catalogue(engine))
    with engine.connect() as connection:
        (file,) = store.monitored_files(connection, [("tenant-a", "trips")]).values()
    for number in range(rounds):
        start.wait(30)
        window = number * 2 + (process + number) % 2
        wanted = result(
            file, run_date=DAY + timedelta(days=window // 24), run_hour=window % 24, verdict=verdict(window % 101)
        )
        with begin(engine) as transaction:
            store.save(transaction, wanted)
        start.wait(30)
        if process == 0:
            with engine.connect() as connection:
                seen = connection.exec_driver_sql(
                    "SELECT latest_data_quality_score FROM reporting.monitoring_file"
                ).scalar_one()
            assert seen == (number * 2 + 1) % 101, f"round {number}: {seen}"
    engine.dispose()


def _save_with_ledger(engine: Engine, store: ReportingStore, wanted: RunResult) -> None:
    run = {"file": str(wanted.file.id), "day": wanted.run_date, "hour": wanted.run_hour}
    with begin(engine) as transaction:
        saved = store.save(transaction, wanted, lambda _: _before(transaction.connection, run))
        if saved.state == "done":
            transaction.connection.exec_driver_sql(
                "INSERT INTO public.done VALUES (%(file)s, %(day)s, %(hour)s, %(moment)s)",
                {**run, "moment": wanted.version.last_modified},
            )


def _before(connection: Connection, asked: dict[str, Any]) -> list[ObjectVersion]:
    moment = connection.exec_driver_sql(
        "SELECT max(last_modified) FROM public.done WHERE file = %(file)s AND day = %(day)s AND hour = %(hour)s", asked
    ).scalar_one()
    return [] if moment is None else [version(moment)]
