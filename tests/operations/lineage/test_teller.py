"""A job is what it would have been without lineage, whatever becomes of that."""

from __future__ import annotations

import subprocess
import sys
import threading
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, NoReturn

from sqlalchemy import text
from structlog.testing import capture_logs

from jobs.running.lineage import Teller
from operations.lineage.settings import LineageSettings
from operations.lineage.telling.facts import FactReader
from operations.lineage.telling.senders import HttpSender
from operations.lineage.telling.told_lines import AuditLines
from tests.operations.lineage.conftest import Endpoint, add_steps

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest
    from sqlalchemy.engine import Engine

    from tests.end_to_end.command_line import CommandLine
    from tests.end_to_end.landing import Landing

_WAITS = "lineage is not told, and waits"
_NO_TIME = "lineage is told by the next job: there was no time left"


def test_an_endpoint_that_hangs_stops_no_job_and_the_next_one_tells_of_both(
    command_line: CommandLine, endpoint: Endpoint
) -> None:
    endpoint.answer = lambda _number, _event: None
    command_line.set(OPENLINEAGE_URL=endpoint.url, OPENLINEAGE_API_KEY="hunter2", OPENLINEAGE_SECONDS="0.3")
    ran = command_line.run("inbox", "list")
    assert ran.code == 0
    assert {_WAITS, _NO_TIME} & set(ran.messages())
    endpoint.answer = lambda _number, _event: 201
    command_line.set(OPENLINEAGE_SECONDS="60")
    again = command_line.run("inbox", "list")
    assert (again.code, "hunter2" in again.err) == (0, False)
    assert [event["job"]["name"] for event in endpoint.events] == ["inbox"] * 4
    assert len(set(endpoint.runs())) == 2


def test_a_database_without_the_tables_stops_no_job(command_line: CommandLine, landing: Landing) -> None:
    with landing.database.begin() as connection:
        connection.execute(text("DROP TABLE pipeline.lineage_told, pipeline.lineage_mark"))
    command_line.set(OPENLINEAGE_FILE="told.jsonl", OPENLINEAGE_SECONDS="60")
    ran = command_line.run("inbox", "list")
    assert ran.code == 0
    (line,) = [line for line in ran.log if line["message"] == _WAITS]
    assert "lineage_" in line["error"]


def _teller(ledger: Engine, endpoint: Endpoint, every: float) -> Teller:
    def nowhere(*_args: object) -> NoReturn:
        raise AssertionError("no line asks for it")

    own = LineageSettings(openlineage_url=endpoint.url, openlineage_seconds=60)
    made = Teller(own, lambda: HttpSender(endpoint.url, None, "ours", 30), every)
    made.also(lambda: None)  # one that cannot be opened yet
    made.also(lambda: AuditLines(ledger, FactReader(ledger, nowhere, nowhere), timedelta(days=36500)))
    return made


def _when_told(events: int) -> tuple[threading.Event, Callable[[int, object], int]]:
    there = threading.Event()

    def answer(number: int, _event: object) -> int:
        if number + 1 >= events:
            there.set()
        return 201

    return there, answer


def test_a_long_job_tells_while_it_runs(ledger: Engine, endpoint: Endpoint) -> None:
    teller = _teller(ledger, endpoint, 0.01)
    there, endpoint.answer = _when_told(4)
    now = datetime.now(timezone.utc)  # what is older than a day has to be there when a turn ends, else it is late
    teller.start()
    add_steps(ledger, 2, now)
    assert there.wait(60)
    add_steps(ledger, 1, now)
    teller.finish()
    assert len(endpoint.runs()) == 3


def test_why_nothing_is_told_is_said_once_not_at_every_turn(ledger: Engine, endpoint: Endpoint) -> None:
    tried = threading.Event()

    def answer(number: int, _event: object) -> int:
        if number >= 3:
            tried.set()
        return 503

    endpoint.answer = answer
    add_steps(ledger, 1)
    teller = _teller(ledger, endpoint, 0.01)
    with capture_logs() as logged:
        teller.start()
        assert tried.wait(60)
        teller.finish()
    assert [line["error"] for line in logged if line["event"] == _WAITS] == ["OPENLINEAGE_URL answered 503"]


def test_a_package_that_is_not_there_is_named(
    ledger: Engine, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "operations.lineage.telling.turn", None)
    teller = _teller(ledger, endpoint, 60)
    with capture_logs() as logged:
        teller.start()
        teller.finish()
    assert ["pipeline-processing[operations]" in line["error"] for line in logged] == [True]


def test_without_lineage_nothing_of_it_is_imported() -> None:
    names = ("openlineage", "requests", "operations.lineage.telling.turn")
    program = f"import sys, jobs.running.wiring; print([name for name in {names} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
