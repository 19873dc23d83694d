"""watch_files as a long run: a process of its own, a real queue, an outage, a polite end."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy
from sqlalchemy import text

from jobs.running.exit_codes import ExitCode
from tests.end_to_end.command_line import environment
from tests.end_to_end.figures import scraped
from tests.end_to_end.landing import GOOD, Landing, key_of
from tests.end_to_end.processes import START_SECONDS, VERDICT_SECONDS, Watch, inherited, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_sqs import SQSClient

    from tests.local_s3 import S3Server

_ROOT = Path(__file__).parents[3]


@pytest.fixture
def queue_url(landing: Landing, sqs: SQSClient) -> str:
    """A queue that the bucket announces its objects to."""
    url = sqs.create_queue(QueueName=landing.bucket, Attributes={"VisibilityTimeout": "2"})["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    landing.s3.put_bucket_notification_configuration(
        Bucket=landing.bucket,
        NotificationConfiguration={"QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]},
    )
    return url


@pytest.fixture
def watch(landing: Landing, s3_server: S3Server, queue_url: str, unused_port: int, tmp_path: Path) -> Iterator[Watch]:
    """A watch that has warmed up."""
    landing.configure()
    variables = {"POLL_QUEUE_URL": queue_url, "ALLOWED_BUCKETS": landing.bucket, "METRICS_PORT": str(unused_port)}
    variables["CHECKPOINT_ROOT"] = str(tmp_path / "checkpoints")
    running = Watch({**environment(landing.database, s3_server), **variables}, tmp_path)
    try:
        wait_for(lambda: running.says("watching"), START_SECONDS, "start")
        yield running
    finally:
        running.close()


def messages_left(sqs: SQSClient, url: str) -> int:
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return int(found["ApproximateNumberOfMessages"]) + int(found["ApproximateNumberOfMessagesNotVisible"])


def allow_connections(landing: Landing, *, allowed: bool) -> None:
    """Let the database take connections or not; without, those there are cut."""
    name = landing.database.url.database
    admin = sqlalchemy.create_engine(
        landing.database.url.set(database="postgres"), isolation_level="AUTOCOMMIT", poolclass=sqlalchemy.NullPool
    )
    landing.database.dispose()
    with admin.connect() as connection:
        connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS {allowed}"))
        if not allowed:
            connection.execute(
                text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"), {"name": name}
            )
    admin.dispose()


def test_a_long_run_scores_what_arrives_survives_an_outage_and_ends_politely(
    watch: Watch, landing: Landing, sqs: SQSClient, queue_url: str, unused_port: int, tmp_path: Path
) -> None:
    (told,) = [line["checkpoints"] for line in watch.log() if line["message"] == "watching"]
    assert told.startswith((tmp_path / "checkpoints").as_uri() + "/"), "the path of checkpoints, with its scheme"
    for number in range(1, 6):
        landing.s3.put_object(Bucket=landing.bucket, Key=key_of(hour=number), Body=GOOD)
        wait_for(lambda n=number: len(landing.verdicts()) == n, VERDICT_SECONDS, "a verdict")  # type: ignore[misc]
    wait_for(lambda: len(watch.finished()) >= 5, VERDICT_SECONDS, "the end of the fifth batch")
    assert watch.finished() == [1] * 5, "an object waited for others, or a batch was run for nothing"
    wait_for(lambda: messages_left(sqs, queue_url) == 0, VERDICT_SECONDS, "an empty queue")

    allow_connections(landing, allowed=False)
    landing.s3.put_object(Bucket=landing.bucket, Key=key_of(hour=9), Body=GOOD)
    wait_for(lambda: watch.says("cannot reach its ledger"), VERDICT_SECONDS, "the outage noticed")
    assert messages_left(sqs, queue_url) == 1, "a message was deleted before its row was committed"
    allow_connections(landing, allowed=True)
    wait_for(lambda: len(landing.verdicts()) == 6, VERDICT_SECONDS, "the verdict after the outage")
    wait_for(lambda: messages_left(sqs, queue_url) == 0, VERDICT_SECONDS, "an empty queue")

    watch.kill_spark_s_python_processes()
    landing.s3.put_object(Bucket=landing.bucket, Key=key_of(hour=10), Body=GOOD)
    wait_for(lambda: len(landing.verdicts()) == 7, VERDICT_SECONDS, "the verdict after the stream's reader was killed")
    assert watch.says("the stream ended and is built anew")
    wait_for(lambda: scraped(unused_port).get("pipeline_inbox_depth") == 0, 30, "a look at the inbox")
    figures = scraped(unused_port)
    assert figures["pipeline_objects_total{outcome=done}"] >= 7
    assert figures["pipeline_stream_alive"] == 1
    assert figures["pipeline_stream_rebuilds_total"] >= 1

    assert watch.end_group(signal.SIGTERM) == 0  # as systemd stops a service
    assert watch.log()[-1]["message"] == "stopped"
    assert set(landing.states().values()) == {"done"}
    assert not [line for line in watch.log() if "trace" in line or "unexpected error" in line["message"]]
    messages = [line["message"] for line in watch.log()]
    assert "the ledger answers again" in messages
    assert not [message for message in messages if "Failed to cancel job group" in message]
    assert {line["level"] for line in watch.log()} <= {"info", "warning", "error"}
    assert not [line for line in watch.log() if "warm-up" in str(line.get("key"))]


@pytest.mark.night
def test_a_watch_whose_jvm_is_killed_ends_with_75_and_the_reason_and_holds_nothing(
    watch: Watch, landing: Landing
) -> None:
    landing.s3.put_object(Bucket=landing.bucket, Key=key_of(hour=1), Body=GOOD)
    wait_for(lambda: len(landing.verdicts()) == 1, VERDICT_SECONDS, "a verdict")
    watch.kill_spark_s_jvm()
    assert watch.process.wait(VERDICT_SECONDS) == ExitCode.TRY_AGAIN
    assert "Spark's JVM has ended (killed by signal 9)" in watch.log()[-1]["message"]
    assert "Traceback" not in watch.all_of_it()
    assert "claimed" not in landing.states().values()


def test_two_processes_on_the_same_objects_give_each_one_run(landing: Landing, s3_server: S3Server) -> None:
    """Small batches, so that both get some; files this small need no Spark."""
    landing.configure()
    for hour in range(24):
        landing.announce(landing.put(key_of(hour=hour)))
    variables = {**inherited(), **environment(landing.database, s3_server), "MAX_FILES_PER_BATCH": "2"}
    command = [sys.executable, "-m", "jobs.cli", "watch_files", "--once"]
    both = [subprocess.Popen(command, cwd=_ROOT, env=variables, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    logs = [process.communicate(timeout=120)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sum(log.count('"message": "scored"') for log in logs) == 24
    assert len(landing.verdicts()) == 24
    assert set(landing.states().values()) == {"done"}


def test_an_interrupted_drain_gives_back_what_it_did_not_finish(landing: Landing, s3_server: S3Server) -> None:
    landing.configure()
    for hour in range(24):
        landing.announce(landing.put(key_of(hour=hour)))
    variables = {**inherited(), **environment(landing.database, s3_server), "MAX_FILES_PER_BATCH": "1"}
    command = [sys.executable, "-m", "jobs.cli", "watch_files", "--once"]
    process = subprocess.Popen(command, cwd=_ROOT, env=variables, stderr=subprocess.DEVNULL)
    wait_for(landing.verdicts, 60, "a first verdict")
    process.send_signal(signal.SIGINT)
    assert process.wait(60) in {0, 75}  # 0 when it was done before the signal came
    states = landing.states().values()
    assert set(states) <= {"done", "pending"}
    assert len(landing.verdicts()) == list(states).count("done")
