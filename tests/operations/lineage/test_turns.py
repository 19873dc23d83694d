"""Lines are told once they are there, whatever the endpoint does, and none is lost."""

from __future__ import annotations

import json
import uuid
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from sqlalchemy import text

from etl_core.audit.record import Step
from etl_core.audit.table import add_lines
from operations.lineage.events.audit_line import number_of
from operations.lineage.telling.facts import FactReader
from operations.lineage.telling.senders import FileSender, HttpSender
from operations.lineage.telling.told_lines import AuditLines
from operations.lineage.telling.turn import PIECE, Turn, tell
from tests.operations.lineage.conftest import NOW, Endpoint, account, add_steps
from tests.operations.lineage.openlineage_schemas import problems_of

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.engine import Engine

_KEEP = timedelta(days=7)
_LATER = NOW + timedelta(hours=1)


def lines(engine: Engine) -> AuditLines:
    def nowhere(*_args: object) -> NoReturn:
        raise AssertionError("no line asks for it")

    return AuditLines(engine, FactReader(engine, nowhere, nowhere), _KEEP)


def turn(
    engine: Engine, endpoint: Endpoint, now: datetime = _LATER, key: str | None = None, seconds: float = 30
) -> Turn:
    sender = HttpSender(endpoint.url, key, "ours", seconds)
    try:
        return tell(lines(engine), sender, lambda: now, lambda: False)
    finally:
        sender.close()


def waiting(engine: Engine, now: datetime = _LATER) -> list[uuid.UUID]:
    account_ = lines(engine)
    account_.give_up(now)
    return [line.id for line in account_.waiting(1000)]


def runs(*ids: uuid.UUID) -> list[str]:
    return [str(number_of(one)) for one in ids]


def rows(engine: Engine, query: str) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def test_every_line_is_told_once_in_order_with_the_key(ledger: Engine, endpoint: Endpoint) -> None:
    ids = add_steps(ledger, PIECE + 3)
    done = turn(ledger, endpoint, key="hunter2")
    assert done == Turn(taken=PIECE + 3, told=PIECE + 3, is_over=True)
    assert endpoint.runs() == runs(*ids)
    assert [event["eventType"] for event in endpoint.events] == ["START", "COMPLETE"] * len(ids)
    assert set(endpoint.keys) == {"Bearer hunter2"}
    assert [problem for event in endpoint.events for problem in problems_of(event)] == []
    assert turn(ledger, endpoint) == Turn(is_over=True)
    assert len(endpoint.runs()) == len(ids)


@pytest.mark.parametrize("status", [500, 503, 401, 404, 429, 302])
def test_an_endpoint_in_trouble_ends_the_turn_and_the_next_one_goes_on(
    ledger: Engine, endpoint: Endpoint, status: int
) -> None:
    ids = add_steps(ledger, 3)
    endpoint.answer = lambda number, _event: 201 if number < 3 else status  # both of the first, half of the second
    done = turn(ledger, endpoint)
    assert (done.told, done.left, endpoint.runs()) == (1, 2, runs(ids[0]))
    assert done.away is not None
    endpoint.answer = lambda _number, _event: 201
    assert turn(ledger, endpoint).told == 2
    assert endpoint.runs() == runs(*ids)


def test_an_endpoint_that_hangs_or_is_not_there_ends_the_turn(ledger: Engine, endpoint: Endpoint) -> None:
    ids = add_steps(ledger, 2)
    endpoint.answer = lambda _number, _event: None
    done = turn(ledger, endpoint, seconds=0.2)
    assert (done.told, done.left, done.away) == (0, 2, "OPENLINEAGE_URL does not answer: ConnectionError")
    nobody = Endpoint("http://127.0.0.1:9/")
    assert turn(ledger, nobody).away == "OPENLINEAGE_URL does not answer: ConnectionError"
    assert waiting(ledger) == ids


def test_an_event_that_is_refused_keeps_none_from_being_told(ledger: Engine, endpoint: Endpoint) -> None:
    ids = add_steps(ledger, 4)
    poison = runs(ids[1])
    endpoint.answer = lambda _number, event: 422 if [event["run"]["runId"]] == poison else 201
    assert turn(ledger, endpoint) == Turn(taken=4, told=3, refused=1, is_over=True)
    assert endpoint.runs() == runs(ids[0], *ids[2:])
    assert rows(ledger, "SELECT line FROM pipeline.lineage_told WHERE outcome = 'refused'") == [(ids[1],)]


def test_an_endpoint_that_refuses_everything_is_a_wrong_one_and_nothing_is_lost(
    ledger: Engine, endpoint: Endpoint
) -> None:
    ids = add_steps(ledger, 3)
    endpoint.answer = lambda _number, _event: 400
    assert turn(ledger, endpoint).away == "all of 3 events were refused"
    assert waiting(ledger) == ids


def test_a_line_of_which_no_event_can_be_made_keeps_none_from_being_told(ledger: Engine, endpoint: Endpoint) -> None:
    before = add_steps(ledger, 1)
    odd = account().line(Step("load", "succeeded", NOW + timedelta(minutes=1), subject="user_analytics 2026-99-99"))
    with ledger.begin() as connection:
        add_lines(connection, [odd])
    after = add_steps(ledger, 1, NOW + timedelta(minutes=2))
    assert turn(ledger, endpoint) == Turn(taken=3, told=2, unfit=1, is_over=True)
    assert endpoint.runs() == runs(*before, *after)


class _KilledError(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("moment", ["send", "note", "settle"])
def test_killed_between_any_two_effects_every_line_is_told_at_least_once_as_the_same_run(
    ledger: Engine, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    ids = add_steps(ledger, 3)

    def killed(*_args: object) -> None:
        raise _KilledError

    with monkeypatch.context() as patched:
        patched.setattr(HttpSender if moment == "send" else AuditLines, moment, killed)
        with suppress(_KilledError):
            turn(ledger, endpoint)
    turn(ledger, endpoint)
    assert set(endpoint.runs()) == set(runs(*ids))
    assert len(endpoint.runs()) == (6 if moment == "note" else 3)
    ended = {event["run"]["runId"]: event for event in endpoint.events if event["eventType"] != "START"}
    assert all(event in ended.values() for event in endpoint.events if event["eventType"] != "START")
    assert waiting(ledger) == []


def test_a_line_that_comes_into_sight_late_is_told(ledger: Engine, endpoint: Endpoint) -> None:
    early = account().line(Step("early", "succeeded", NOW))
    with ledger.connect() as slow, slow.begin():
        add_lines(slow, [early])
        ids = add_steps(ledger, 2, NOW + timedelta(minutes=1))
        assert turn(ledger, endpoint).told == 2
    assert turn(ledger, endpoint, NOW + timedelta(hours=20)).told == 1
    assert endpoint.runs() == runs(*ids, early.id)


def test_what_grew_too_old_is_given_up_and_counted_once(ledger: Engine, endpoint: Endpoint) -> None:
    add_steps(ledger, 2)
    assert turn(ledger, endpoint, NOW + _KEEP + timedelta(hours=1)).given_up == 0, "nobody was told before"
    old = add_steps(ledger, 3, NOW + timedelta(days=7))
    young = add_steps(ledger, 2, NOW + timedelta(days=10))
    done = turn(ledger, endpoint, NOW + timedelta(days=7) + _KEEP + timedelta(seconds=1.5))
    assert (done.given_up, done.told) == (2, 3)
    assert endpoint.runs() == runs(old[2], *young)
    assert rows(ledger, "SELECT given_up FROM pipeline.lineage_mark") == [(2,)]


def test_notes_are_forgotten_when_nobody_will_ask_for_their_lines(ledger: Engine, endpoint: Endpoint) -> None:
    add_steps(ledger, 5)
    turn(ledger, endpoint)
    assert rows(ledger, "SELECT count(*) FROM pipeline.lineage_told") == [(5,)]
    add_steps(ledger, 1, NOW + timedelta(days=2))
    assert turn(ledger, endpoint, NOW + timedelta(days=2)).told == 1
    assert rows(ledger, "SELECT count(*) FROM pipeline.lineage_told") == [(1,)]
    assert turn(ledger, endpoint, NOW + timedelta(days=3)).told == 0


def test_two_processes_do_not_tell_the_same(ledger: Engine, endpoint: Endpoint) -> None:
    ids = add_steps(ledger, 1)
    with lines(ledger).alone() as alone:
        assert alone
        assert turn(ledger, endpoint) == Turn(is_over=True)
    assert turn(ledger, endpoint).told == 1
    assert endpoint.runs() == runs(*ids)


def test_a_turn_ends_when_its_time_is_over(ledger: Engine, endpoint: Endpoint) -> None:
    ids = add_steps(ledger, 5)
    sender = HttpSender(endpoint.url, None, "ours", 5)
    done = tell(lines(ledger), sender, lambda: _LATER, lambda: endpoint.asked >= 4)
    sender.close()
    assert (done.told, done.left, done.is_over) == (2, 3, False)
    assert waiting(ledger) == ids[2:]


def test_a_file_has_a_line_for_each_event_also_behind_half_a_line(ledger: Engine, tmp_path: Path) -> None:
    ids = add_steps(ledger, 3)
    path = tmp_path / "lineage.jsonl"
    path.write_text('{"half', encoding="utf-8")
    sender = FileSender(str(path), "ours")
    assert tell(lines(ledger), sender, lambda: _LATER, lambda: False).told == 3
    half, *told = path.read_text(encoding="utf-8").splitlines()
    assert half == '{"half'
    events = [json.loads(line) for line in told]
    assert [event["run"]["runId"] for event in events[1::2]] == runs(*ids)
    assert [problem for event in events for problem in problems_of(event)] == []
    add_steps(ledger, 1)
    away = tell(lines(ledger), FileSender(str(tmp_path), "ours"), lambda: _LATER, lambda: False).away
    assert away == "OPENLINEAGE_FILE cannot be written: Is a directory"
