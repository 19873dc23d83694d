"""The job as it is run: killed, with a broker that goes away, with mistakes in its flow."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import datetime, timezone
from typing import TYPE_CHECKING
from unittest import mock

import pytest

from dq import Counts
from jobs.cli import main
from tests.pipelines.records.rig import Asked, Rig, event

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def variables(rig: Rig, **more: str) -> dict[str, str]:
    return {
        "DATABASE_URL": rig.database_url,
        "KAFKA_BOOTSTRAP_SERVERS": rig.broker.address,
        "LAKE_ROOT": str(rig.folder / "lake"),
        "CHECKPOINT_ROOT": str(rig.folder / "checkpoints"),
        "AUTO_CREATE_FILES": "true",
        "MAX_OFFSETS_PER_TRIGGER": "200",
        **more,
    }


def flow_file(rig: Rig) -> Path:
    path = rig.folder / "flow.yaml"
    path.write_text(rig.flow_text)
    return path


def run(rig: Rig, *arguments: str, **more: str) -> int:
    with mock.patch.dict(os.environ, variables(rig, **more)):
        return main(arguments)


def wait_until(true: Callable[[], bool], seconds: float = 180) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def consumed(rig: Rig) -> int:
    return sum(one.consumed for one in rig.standing().values())


@pytest.mark.night
def test_killed_and_with_a_broker_that_goes_away_every_record_is_accounted_for_once(rig: Rig) -> None:
    """Takes two starts of Spark's JVM, of the job and of the broker, and the client's patience with the latter."""
    bad = {7: b"nope", 19: b"", 23: b"[]"}
    values: list[bytes | None] = [bad.get(number % 30, event(number)) for number in range(3000)]
    rig.send(values[:1500])
    job = subprocess.Popen(
        [sys.executable, "-m", "jobs.cli", "watch_records", str(flow_file(rig))],
        env={**os.environ, **variables(rig)},
        start_new_session=True,
    )
    try:
        wait_until(lambda: consumed(rig) > 0)
    finally:
        job.kill()
        job.wait()
    before = consumed(rig)
    assert before > 0
    asked, stream = Asked(), rig.stream(most=400)
    watching = threading.Thread(target=stream.watch, args=(asked,))
    watching.start()
    try:
        wait_until(lambda: consumed(rig) > before or before == 1500)
        rig.broker.kill()
        rig.broker.start()
        rig.send(values[1500:])
        wait_until(lambda: consumed(rig) == len(values))
    finally:
        asked.set()
        watching.join(60)
    good = Counter(
        f"u{n}_2026-01-01T{n // 3600:02d}:{n // 60 % 60:02d}:{n % 60:02d}" for n in range(3000) if n % 30 not in bad
    )
    total = sum(rig.standing().values(), Counts())
    assert total == Counts(processed=2700, dead=300)
    assert Counter(row["id"] for row in rig.rows()) == good
    assert set(rig.ids()) == set(good)
    (counted,) = rig.ask("SELECT sum(records) AS records, bool_and(is_judged) AS judged FROM pipeline.stream_hour_part")
    assert (counted.records, counted.judged) == (3000, True)


def test_the_job_leaves_a_line_of_the_audit_and_its_figures(rig: Rig) -> None:
    rig.send([event(1), event(2), b"nope", None])
    figures = rig.folder / "figures.prom"
    assert run(rig, "watch_records", str(flow_file(rig)), "--once", METRICS_FILE=str(figures)) == 0
    (line,) = rig.ask("SELECT * FROM pipeline.audit WHERE job = 'watch_records'")
    assert (line.step, line.subject, line.status, line.rows_in) == ("once", f"flow {rig.name}", "succeeded", 4)
    assert line.message == "4 consumed = 2 processed + 1 dead + 1 tombstones"
    (read,) = line.inputs
    assert read.startswith("kafka://")
    assert read.endswith(f"/{rig.topic('raw')}")
    assert len(line.outputs) == 2
    written = figures.read_text()
    assert f'pipeline_records_total{{flow="{rig.name}",outcome="processed"}} 2.0' in written
    assert f'pipeline_records_dead_total{{flow="{rig.name}",rule="malformedRows"}} 1.0' in written
    assert f'pipeline_records_lag{{flow="{rig.name}",partition="0"}} 0.0' in written


def test_lost_records_end_the_job_with_their_name(rig: Rig, capfd: pytest.CaptureFixture[str]) -> None:
    from confluent_kafka import TopicPartition  # noqa: PLC0415 - only here

    assert run(rig, "watch_records", str(flow_file(rig)), "--once") == 0
    rig.send([event(number) for number in range(10)], partition=0)
    for done in rig.admin.delete_records([TopicPartition(rig.topic("raw"), 0, 4)]).values():
        done.result()
    assert run(rig, "watch_records", str(flow_file(rig)), "--once") == 1
    assert "4 offsets are gone, unread" in capfd.readouterr().err
    (line,) = rig.ask("SELECT message FROM pipeline.audit WHERE job = 'watch_records' AND status = 'failed'")
    assert "--accept-loss goes on without them" in line.message
    assert run(rig, "watch_records", str(flow_file(rig)), "--once", "--accept-loss") == 0
    assert rig.standing()[0] == Counts(processed=6, lost=4)


def test_a_checkpoint_of_another_flow_and_one_that_is_gone_change_nothing(rig: Rig) -> None:
    checkpoints = rig.folder / "checkpoints"
    (checkpoints / "offsets").mkdir(parents=True)
    (checkpoints / "offsets" / "0").write_text('v1\n{}\n{"another-topic":{"0":99}}')
    rig.send([event(1)])
    assert run(rig, "watch_records", str(flow_file(rig)), "--once") == 0
    rig.send([event(2)])
    assert run(rig, "watch_records", str(flow_file(rig)), "--once") == 0
    assert sorted(rig.ids()) == ["u1_2026-01-01T00:00:01", "u2_2026-01-01T00:00:02"]
    assert [path.name for path in checkpoints.iterdir()] == ["offsets"]


def test_mistakes_of_a_flow_and_topics_that_are_not_there_are_said_before_anything_starts(
    rig: Rig, capfd: pytest.CaptureFixture[str]
) -> None:
    path = rig.folder / "flow.yaml"
    path.write_text(rig.flow_text.replace("type: datetime", "type: moment").replace("key: id", "key: ident"))
    assert run(rig, "watch_records", str(path), "--once") == 2
    said = capfd.readouterr().err
    assert '\\"moment\\" is not known' in said or '"moment" is not known' in said
    assert "ident" in said
    path.write_text(rig.flow_text.replace("-processed", "-nowhere"))
    assert run(rig, "watch_records", str(path), "--once") == 2
    assert "make the topic" in capfd.readouterr().err
    assert run(rig, "watch_records", "no_such_flow") == 2
    assert "user_events" in capfd.readouterr().err


def test_letters_are_sent_back_by_the_job(rig: Rig) -> None:
    rig.send([b'{"user_id": "u1", "timestamp": "2026-01-01T00:00:00Z"}', b"nope"])
    flow = str(flow_file(rig))
    assert run(rig, "watch_records", flow, "--once") == 0
    since = datetime.now(timezone.utc).date().isoformat()
    arguments = ("--since", since, "--rule", "required", "--limit", "5", "--set", "event_type=click")
    assert run(rig, "replay_dead_letters", flow, *arguments, "--dry-run") == 0
    assert run(rig, "replay_dead_letters", flow, *arguments) == 0
    assert run(rig, "watch_records", flow, "--once") == 0
    assert rig.ids() == ["u1_2026-01-01T00:00:00"]
    (line,) = rig.ask("SELECT message FROM pipeline.audit WHERE job = 'replay_dead_letters' AND step = 'replay'")
    assert line.message == "1 read, 1 sent, 0 before, 0 exhausted, 0 failing, 0 unreadable"
    assert run(rig, "replay_dead_letters", flow, "--failing", MAX_ATTEMPTS="1") == 1


def test_who_asks_the_watch_to_end_gets_the_batch_at_hand_done(rig: Rig) -> None:
    rig.send([event(number) for number in range(10)])
    asked, stream = Asked(), rig.stream()
    watching = threading.Thread(target=stream.watch, args=(asked,))
    watching.start()
    wait_until(lambda: consumed(rig) == 10)
    asked.set()
    watching.join(30)
    assert not watching.is_alive()
    assert stream.totals == Counts(processed=10)
