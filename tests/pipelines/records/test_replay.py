"""Dead letters go back to where they came from: once each, healed or on another attempt, and not for ever."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from dq import Counts
from etl_core.postgres.locks import held
from pipelines.records.errors import KafkaUnavailableError, OtherReplayError
from pipelines.records.kafka import topics
from pipelines.records.kafka.access import KafkaAccess
from pipelines.records.kafka.topics import Topics
from pipelines.records.replay import Replay, ReplayCounts, Wanted, _repaired
from tests.pipelines.records.rig import Rig, event, headers

if TYPE_CHECKING:
    from pipelines.records.flow import Flow


def replay(rig: Rig, wanted: Wanted | None = None, *, dry_run: bool = False, flow: Flow | None = None) -> ReplayCounts:
    made = Replay(
        rig.database,
        rig.access,
        Topics(rig.access),
        flow or rig.flow,
        max_attempts=3,
        clock=lambda: datetime.now(timezone.utc),
    )
    return made.run(wanted or Wanted(), dry_run=dry_run)


def lacking(number: int, **others: Any) -> bytes:  # noqa: ANN401 - JSON
    record = json.loads(event(number, **others))
    del record["event_type"]
    return json.dumps(record).encode()


def test_a_letter_is_repaired_and_its_record_goes_through(rig: Rig) -> None:
    rig.send([lacking(1), b"nope"], partition=0, key=b"a", headers=[("trace", b"17")])
    rig.send([event(2)], partition=0)
    assert rig.drain() == Counts(processed=1, dead=2)
    assert replay(rig) == ReplayCounts(read=2, failing=2)
    wanted = Wanted(rule="required", repairs={"event_type": "unknown"})
    assert replay(rig, wanted, dry_run=True) == ReplayCounts(read=1, sent=1)
    assert replay(rig, wanted) == ReplayCounts(read=1, sent=1)
    assert replay(rig, wanted) == ReplayCounts(read=1, before=1)
    back = rig.read("raw")[-1]
    assert (back.key(), headers(back)) == (b"a", {"trace": "17", "attempt": "2"})
    assert rig.drain() == Counts(processed=1)
    (healed,) = [one for one in rig.read("processed") if b"unknown" in (one.value() or b"")]
    assert headers(healed) == {"trace": "17"}


def test_brokers_that_do_not_answer_are_asked_for_a_bounded_time_and_that_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, seconds in {"_PATIENCE": 0.2, "_LONGEST": 0.3, "_QUIET": 0.0}.items():
        monkeypatch.setattr(topics, name, seconds)
    with capture_logs() as told, pytest.raises(KafkaUnavailableError):
        Topics(KafkaAccess("127.0.0.1:1")).find(["user-events-dlq"])
    assert 1 <= len(told) < topics._ATTEMPTS - 1  # of all attempts
    assert (told[0]["event"], told[0]["servers"]) == ("the brokers are asked again", "127.0.0.1:1")


def test_a_letter_whose_record_is_good_by_now_needs_no_repair(rig: Rig) -> None:
    rig.send([lacking(1)], partition=0)
    rig.drain()
    from pipelines.records.read_flow import read_flow  # noqa: PLC0415 - only here

    mended = rig.flow_text.replace("name: event_type, type: string, required: true", "name: event_type, type: string")
    assert replay(rig, flow=read_flow(mended, "flow.yaml")) == ReplayCounts(read=1, sent=1)


def test_letters_whose_records_cannot_be_repaired_stop_no_others(rig: Rig) -> None:
    deep, half = b"[" * 100_000 + b"]" * 100_000, b'{"user_id": "\\ud800"}'
    rig.send([deep, half, lacking(1)], partition=0)
    assert rig.drain() == Counts(dead=3)
    wanted = Wanted(repairs={"event_type": "unknown"})
    assert replay(rig, wanted) == ReplayCounts(read=3, sent=1, failing=2)


@pytest.mark.parametrize(
    ("record", "repaired"),
    [
        (b' { "x" :[1234567890123456.789, {"a": 1.10}] ,"x": 1e400, "y": 0, "k": "\\u00e9 }" } \n',
         b'{"x": [1234567890123456.789, {"a": 1.10}], "x": 1e400, "k": "\\u00e9 }", "y": "new"}'),
        (b" {}\n", b'{"y": "new"}'),
        (b"[1]", b"[1]"),
        (b"{nope", b"{nope"),
    ],
)  # fmt: skip
def test_a_repair_changes_no_other_field(record: bytes, repaired: bytes) -> None:
    assert _repaired(record, {"y": "new"}) == repaired


def test_a_record_with_two_letters_is_sent_back_once(rig: Rig) -> None:
    """As where a process died between its letters and its account."""
    rig.send([lacking(1), lacking(2)], partition=0)
    assert rig.drain() == Counts(dead=2)
    first, second = rig.read("dlq")
    wanted = Wanted(repairs={"event_type": "new"})
    for one in (first, first):
        rig.producer.produce(rig.topic("dlq"), one.value(), one.key(), headers=one.headers())
    rig.producer.flush(10)
    assert replay(rig, replace(wanted, limit=1)).sent == 1
    assert replay(rig, wanted) == ReplayCounts(read=4, sent=1, before=3)
    assert second.value() != first.value()
    assert len({one.value() for one in rig.read("raw")[2:]}) == len(rig.read("raw")[2:]) == 2


def test_a_letter_that_does_not_say_where_its_record_stands_is_sent_back_once(rig: Rig) -> None:
    rig.producer.produce(rig.topic("dlq"), b'{"original_event": {}}', headers=[("flow", rig.flow.name.encode())])
    rig.producer.flush(10)
    assert replay(rig, Wanted(failing=True)) == ReplayCounts(read=1, sent=1)
    assert replay(rig, Wanted(failing=True)) == ReplayCounts(read=1, before=1)


def test_two_replays_at_once_send_each_letter_once(rig: Rig) -> None:
    rig.send([lacking(1)], partition=0)
    rig.drain()
    with held(rig.database, "replay of dead letters", rig.flow.name):
        with pytest.raises(OtherReplayError, match="run it again when it has ended"):
            replay(rig, Wanted(failing=True))
        assert replay(rig, Wanted(failing=True), dry_run=True).sent == 1
    assert replay(rig, Wanted(failing=True)).sent == 1


def test_one_that_never_heals_ends_with_its_last_attempt(rig: Rig) -> None:
    rig.send([lacking(1)], partition=0)
    assert rig.drain() == Counts(dead=1)
    for before in (0, 1):
        assert replay(rig, Wanted(failing=True)) == ReplayCounts(read=before + 1, sent=1, before=before)
        assert rig.drain() == Counts(dead=1)
    assert [headers(one)["attempt"] for one in rig.read("dlq")] == ["1", "2", "3"]
    assert replay(rig, Wanted(failing=True)) == ReplayCounts(read=3, before=2, exhausted=1)
    assert rig.drain() == Counts()


def test_letters_are_chosen_by_time_and_number_and_those_of_others_are_left_alone(rig: Rig) -> None:
    rig.send([lacking(number) for number in range(5)], partition=0)
    rig.drain()
    rig.producer.produce(rig.topic("dlq"), b"{}", headers=[("flow", b"another")])
    rig.producer.produce(rig.topic("dlq"), b"what is this")
    rig.producer.flush(10)
    later = datetime.now(timezone.utc) + timedelta(minutes=5)
    repairs = {"event_type": "x"}
    assert replay(rig, Wanted(since=later, repairs=repairs)) == ReplayCounts()
    assert replay(rig, Wanted(limit=2, repairs=repairs)).sent == 2
    assert replay(rig, Wanted(repairs=repairs)) == ReplayCounts(read=6, sent=3, before=2, unreadable=1)
