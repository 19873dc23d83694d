"""Records through a real broker: good ones on, all others to the dead letters, every offset accounted for."""

from __future__ import annotations

import base64
import json
import secrets
from collections import Counter
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import Producer

from dq import Counts
from pipelines.lake.tables.appended_table import AppendedTable
from pipelines.records.errors import RecordsLostError
from tests.pipelines.records.rig import Rig, event, headers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: Ten kinds of bad records, and the rule each breaks first.
BAD: dict[str, tuple[bytes | None, str]] = {
    "no JSON": (b"nope", "malformedRows"),
    "cut off": (b'{"user_id": "u1", "event_ty', "malformedRows"),
    "an array": (b"[1, 2]", "malformedRows"),
    "a number": (b"5", "malformedRows"),
    "empty": (b"", "malformedRows"),
    "white space": (b" \n", "malformedRows"),
    "no UTF-8": (b'{"user_id": "\xff\xfe"}', "malformedRows"),
    "a field is missing": (b'{"user_id": "u1", "timestamp": "2026-01-01T00:00:00Z"}', "required"),
    "another type": (b'{"user_id": 5, "event_type": "a", "timestamp": "2026-01-01T00:00:00Z"}', "type"),
    "no moment": (b'{"user_id": "u1", "event_type": "a", "timestamp": "soon"}', "type"),
}


def test_every_kind_of_bad_record_is_a_dead_letter_with_its_place_its_bytes_and_its_reason(rig: Rig) -> None:
    rig.send([event(1)], partition=0)
    for value, _ in BAD.values():
        rig.send([value], partition=0, headers=[("trace", b"17")])
    rig.send([None], partition=0, key=b"gone")
    rig.send([None], partition=0, key=None)
    rig.send([event(2, metadata=None)], partition=1)
    totals = rig.drain()
    assert totals == Counts(processed=2, dead=11, tombstones=1)
    noted = {0: 13, 1: 1}
    assert rig.committed(noted) == noted
    assert rig.standing() == {0: Counts(1, 11, 1), 1: Counts(processed=1)}

    letters = sorted(rig.read("dlq"), key=lambda one: int(headers(one)["__connect.errors.offset"]))
    assert [headers(one)["error.rule"] for one in letters] == [*(rule for _, rule in BAD.values()), "key"]
    assert [int(headers(one)["__connect.errors.offset"]) for one in letters] == [*range(1, 11), 12]
    assert {headers(one)["__connect.errors.topic"] for one in letters} == {rig.topic("raw")}
    assert {headers(one)["trace"] for one in letters[:10]} == {"17"}
    told = [json.loads(one.value() or b"{}") for one in letters]
    assert len({headers(one)["__connect.errors.exception.message"] for one in letters}) == 9  # texts, and two pairs
    assert "original_base64" in told[6]
    assert told[7]["original_event"] == {"user_id": "u1", "timestamp": "2026-01-01T00:00:00Z"}
    assert headers(letters[7])["error.column"] == "event_type"

    good = {one.key(): one.value() for one in rig.read("processed")}
    assert good[b"gone"] is None
    sent = json.loads(good[b"u2_2026-01-01T00:00:02"] or b"{}")
    assert sent["metadata"] == {}
    assert (sent["id"], sent["timestamp"]) == ("u2_2026-01-01T00:00:02", "2026-01-01T00:00:02Z")
    assert datetime.fromisoformat(sent["processed_at"].replace("Z", "+00:00")) > datetime.now(timezone.utc) - timedelta(
        hours=1
    )
    assert [(row["id"], row["_partition"], row["_offset"]) for row in rig.rows()] == [
        ("u1_2026-01-01T00:00:01", 0, 0),
        ("u2_2026-01-01T00:00:02", 1, 0),
    ]
    (quality,) = rig.ask("SELECT score, passed FROM reporting.monitoring_file_data_quality")
    assert quality.score < 100


def test_a_large_record_and_one_that_is_too_large_for_where_it_goes(rig: Rig) -> None:
    rig.delete_topic("raw")
    rig.make_topics("raw", **{"max.message.bytes": "12000000"})
    large = {"bootstrap.servers": rig.broker.address, "message.max.bytes": 12_000_000, "log_level": 2}
    rig.producer = Producer(large)
    rig.send([event(1, metadata={"text": "x" * 5_000_000}), event(2)], partition=0)
    totals = rig.drain()
    assert totals == Counts(processed=1, dead=1)
    (letter,) = rig.read("dlq")
    assert headers(letter)["error.rule"] == "size"
    assert json.loads(letter.value() or b"{}")["original_bytes"] > 5_000_000
    assert headers(letter)["original.encoding"] == "left_out"


def test_no_record_is_too_large_for_its_letter_by_its_key_or_its_headers(rig: Rig) -> None:
    """Random letters, which no compression makes any smaller."""

    def noise(size: int) -> bytes:
        return base64.b64encode(secrets.token_bytes(size))[:size]

    rig.delete_topic("raw")
    rig.make_topics("raw", **{"max.message.bytes": "3000000"})
    rig.producer = Producer({"bootstrap.servers": rig.broker.address, "message.max.bytes": 3_000_000, "log_level": 2})
    large = noise(1_100_000)
    rig.send([b"nope", event(1), None], partition=0, headers=[("large", large)])
    rig.send([None], partition=0, key=None, headers=[("large", large)])
    rig.send([b"nope", None], partition=0, key=large)
    rig.send([event(2)], partition=0)
    assert rig.drain() == Counts(processed=1, dead=6)
    letters = sorted(rig.read("dlq"), key=lambda one: int(headers(one)["__connect.errors.offset"]))
    rules = ["malformedRows", "size", "size", "key", "malformedRows", "size"]
    assert [headers(one)["error.rule"] for one in letters] == rules
    assert {headers(one)["original.left_out"].split(" of ")[0] for one in letters} == {"1 headers", "key"}
    assert [json.loads(one.value() or b"")["original_event"] for one in letters] == [
        "nope", json.loads(event(1)), None, None, "nope", None,
    ]  # fmt: skip


def test_what_was_aborted_is_no_record_and_its_offsets_are_skipped(rig: Rig) -> None:
    settings = {"bootstrap.servers": rig.broker.address, "transactional.id": rig.name, "log_level": 2}
    writer = Producer(settings)
    writer.init_transactions(20)
    for numbers, commit in ((range(5), True), (range(5, 12), False), (range(12, 15), True)):
        writer.begin_transaction()
        for number in numbers:
            writer.produce(rig.topic("raw"), event(number), b"k", partition=0)
        writer.flush(20)
        writer.commit_transaction(20) if commit else writer.abort_transaction(20)
    totals = rig.drain()
    # Of fifteen records seven were aborted, and each transaction leaves a marker.
    assert totals == Counts(processed=8, skipped=10)
    assert Counter(rig.ids()) == Counter(f"u{n}_2026-01-01T00:00:{n:02d}" for n in [*range(5), *range(12, 15)])


class Interrupted(Exception):  # noqa: N818 - it is an interruption
    """Stands for the process' sudden end."""


class DiesAfterCommit(AppendedTable):
    """The table of a process that ends right after it committed, before anything was accounted for."""

    def commit(self, written: Sequence[str], marks: Mapping[str, int], now: datetime) -> int:
        super().commit(written, marks, now)
        raise Interrupted


def test_killed_between_the_table_and_the_account_no_row_is_there_twice(rig: Rig) -> None:
    """The checkpoint goes with the process, and the next one cuts its batches elsewhere."""
    rig.send([event(number) for number in range(40)], partition=0)
    rig.send([event(number) for number in range(100, 130)], partition=1)
    table = rig.table()
    dying = DiesAfterCommit(table.folder, table.agency, table.file)
    with pytest.raises(Exception, match="Interrupted"):
        rig.drain(table=dying, most=50)
    first = len(rig.rows())
    assert 0 < first < 70
    assert rig.standing() == {0: Counts(), 1: Counts()}
    rig.send([event(number) for number in range(40, 60)], partition=0)
    assert rig.drain(most=37) == Counts(processed=90)
    wanted = [(0, offset) for offset in range(60)] + [(1, offset) for offset in range(30)]
    assert [(row["_partition"], row["_offset"]) for row in rig.rows()] == wanted
    sent = Counter(rig.ids())
    assert len(sent) == 90
    assert sum(sent.values()) == 90 + first  # topics get records at least once: the first ones a second time
    (part,) = rig.ask("SELECT sum(records) AS records FROM pipeline.stream_hour_part")
    assert part.records == 90


def test_records_that_the_topic_no_longer_has_are_a_loss_with_a_name(rig: Rig) -> None:
    from confluent_kafka import TopicPartition  # noqa: PLC0415 - only here

    rig.send([event(number) for number in range(10)], partition=0)
    assert rig.drain() == Counts(processed=10)
    rig.send([event(number) for number in range(10, 30)], partition=0)
    for done in rig.admin.delete_records([TopicPartition(rig.topic("raw"), 0, 25)]).values():
        done.result()
    with pytest.raises(
        RecordsLostError, match=r"begins at offset 25, and this flow had come to 10: 15 offsets are gone"
    ):
        rig.drain()
    assert rig.drain(accept_loss=True) == Counts(processed=5)
    assert rig.standing()[0] == Counts(processed=15, lost=15)


def test_a_topic_that_was_made_anew_is_read_when_somebody_accepts_what_is_gone(rig: Rig) -> None:
    rig.send([event(number) for number in range(10)], partition=0)
    rig.drain()
    rig.delete_topic("raw")
    rig.make_topics("raw")
    rig.send([event(number) for number in range(20, 25)], partition=0)
    with pytest.raises(RecordsLostError, match="was deleted and made anew"):
        rig.drain()
    assert rig.drain(accept_loss=True) == Counts(processed=5)
    assert [row["_offset"] for row in rig.rows()] == sorted([*range(10), *range(5)])
    assert len(set(rig.ids())) == 15


def test_all_records_of_one_key_come_out_in_their_order(rig: Rig) -> None:
    """A hot key fills one partition; the order of a partition is kept over batches."""
    rig.send([event(number, user_id="hot") for number in range(3000)], partition=1, key=b"hot")
    assert rig.drain(most=1000) == Counts(processed=3000)
    moments = [json.loads(one.value() or b"{}")["metadata"]["n"] for one in rig.read("processed")]
    by_partition: dict[int, list[int]] = {}
    for one in rig.read("processed"):
        by_partition.setdefault(one.partition() or 0, []).append(json.loads(one.value() or b"{}")["metadata"]["n"])
    assert sorted(moments) == list(range(3000))
    assert all(numbers == sorted(numbers) for numbers in by_partition.values())


def test_the_hour_a_record_was_written_in_is_the_one_it_counts_in(rig: Rig) -> None:
    now = datetime.now(timezone.utc)
    for age, count in ((4, 4), (3, 5), (0, 2)):
        rig.send([event(n) for n in range(count)], timestamp=int((now - timedelta(hours=age)).timestamp() * 1000))
    read = now - timedelta(hours=2)
    rig.drain(clock=lambda: read)
    found = rig.ask("SELECT run_date, run_hour FROM reporting.monitoring_file_run ORDER BY run_date, run_hour")
    # What is said to come from the future counts in the hour in which it was read.
    hours = [now - timedelta(hours=4), now - timedelta(hours=3), read]
    assert [(row.run_date, row.run_hour) for row in found] == [(one.date(), one.hour) for one in hours]


def test_the_password_is_in_no_plan_no_progress_and_no_log(
    rig: Rig, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    from pipelines.records.kafka.access import KafkaAccess  # noqa: PLC0415 - only here
    from pipelines.records.kafka.topics import Topics  # noqa: PLC0415 - only here

    access = KafkaAccess(rig.broker.secured_address, "SASL_PLAINTEXT", "PLAIN", "pipeline", rig.broker.password)
    rig.send([event(1), b"nope"], partition=0)
    plans: list[str] = []
    stream = rig.stream(access=access, topics=Topics(access))
    started = stream._start

    def start(*arguments: Any, **how: Any) -> Any:  # noqa: ANN401 - as it is called
        query = started(*arguments, **how)
        query.processAllAvailable()
        jvm: Any = query._jsq
        plans.append(str(query.lastProgress))
        plans.append(jvm.explainInternal(True))  # noqa: FBT003 - of the JVM
        plans.append(str(jvm.name()))
        return query

    stream._start = start  # type: ignore[method-assign]
    from tests.pipelines.records.rig import Asked  # noqa: PLC0415 - only here

    stream.drain(Asked())
    assert stream.totals == Counts(processed=1, dead=1)
    seen = "".join([*plans, *capfd.readouterr(), caplog.text])
    assert "KafkaV2" in seen or "kafka" in seen.lower()
    assert rig.broker.password not in seen
    with pytest.raises(Exception, match="mend its password"):
        Topics(KafkaAccess(rig.broker.secured_address, "SASL_PLAINTEXT", "PLAIN", "pipeline", "wrong")).find(
            [rig.topic("raw")]
        )
