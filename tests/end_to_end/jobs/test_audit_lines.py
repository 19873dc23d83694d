"""Every job that has the database leaves one line of what it did, whatever became of it, and one for each object."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta, timezone
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from jobs.registry import Job
from jobs.running.job_run import note, run_job
from tests.announcements import notification, s3_record
from tests.end_to_end.landing import GOOD, Landing, key_of

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_sqs import SQSClient

    from tests.end_to_end.command_line import CommandLine


def lines(landing: Landing) -> list[dict[str, Any]]:
    """The lines about whole runs, the oldest first."""
    return [line for line in all_lines(landing) if not any(one.startswith("object ") for one in line["inputs"])]


def of_objects(landing: Landing) -> list[tuple[Any, ...]]:
    """Job, step, status and message of the lines about objects, the oldest first."""
    runs = {line["id"] for line in lines(landing)}
    names = ("job", "step", "status", "message")
    return [tuple(line[name] for name in names) for line in all_lines(landing) if line["id"] not in runs]


def all_lines(landing: Landing) -> list[dict[str, Any]]:
    with landing.database.connect() as connection:
        found = connection.execute(text("SELECT * FROM pipeline.audit ORDER BY at")).mappings()
        return [dict(row) for row in found]


def last(landing: Landing, *names: str) -> tuple[Any, ...]:
    line = lines(landing)[-1]
    return tuple(line[name] for name in names)


def test_a_job_that_gives_verdicts_says_what_became_of_how_many_objects_and_rows(
    command_line: CommandLine, landing: Landing
) -> None:
    landing.configure()
    landing.put(key_of())
    before = datetime.now(timezone.utc)
    assert command_line.run("process_file", "--bucket", landing.bucket, "--key", key_of()).code == 0
    (line,) = lines(landing)
    assert (line["job"], line["job_version"], line["step"]) == ("process_file", version("pipeline-processing"), "run")
    assert (line["status"], line["message"], line["rows_in"]) == ("succeeded", "1 done", 2)
    assert line["subject"] == f"s3://{landing.bucket}/{key_of()}"
    assert before <= line["at"] <= before + timedelta(minutes=5)
    assert 0 < line["duration_ms"] < 300_000
    assert command_line.run("process_file", "--bucket", landing.bucket, "--key", key_of()).code == 0
    assert len({one["run_id"] for one in lines(landing)} | {one["id"] for one in lines(landing)}) == 4


def test_each_object_has_a_line_in_the_run_that_ended_it_however_it_ended(
    command_line: CommandLine, landing: Landing
) -> None:
    landing.configure()
    landing.configure("broken", {"fields": 3})
    event = landing.put(key_of())
    for key in (key_of("broken"), key_of("nobody"), "odd.csv"):
        landing.put(key)
    prefix = f"s3://{landing.bucket}/"
    assert command_line.run("backfill", "--prefix", prefix).code == 1
    found = {(status, message.partition(":")[0]) for _, _, status, message in of_objects(landing)}
    assert found == {
        ("succeeded", "done"), ("refused", "bad_definition"), ("refused", "unconfigured"), ("refused", "ignored"),
    }  # fmt: skip
    (line,) = [line for line in all_lines(landing) if line["subject"] == f"{prefix}{key_of()}"]
    assert (line["job"], line["step"], line["rows_in"]) == ("backfill", "verdict", 2)
    row = landing.rows()[key_of()]
    assert line["inputs"] == [f"object {row.id}", f"version {event.version_id}"]
    assert (line["message"], line["outputs"]) == ("done: score 100, passed", ["run 1"])
    assert {one["run_id"] for one in all_lines(landing)} == {line["run_id"]}


def test_an_object_that_fails_is_noted_with_each_try_and_what_people_do_to_it_is_too(
    command_line: CommandLine, landing: Landing
) -> None:
    landing.configure()
    landing.put(key_of())
    landing.sql("ALTER TABLE pipeline.profile_state ADD CONSTRAINT odd CHECK (agency_slug = '')")
    assert command_line.run("process_file", "--bucket", landing.bucket, "--key", key_of()).code == 1
    (told,) = of_objects(landing)
    assert told[:3] == ("process_file", "verdict", "failed")
    assert "constraint odd" in told[3]
    assert command_line.run("inbox", "retry", "1").code == 0
    assert command_line.run("inbox", "discard", "1", "--reason", "a test").code == 0
    assert of_objects(landing)[1:] == [
        ("inbox", "retry", "succeeded", "due again"),
        ("inbox", "discard", "succeeded", "ignored: discarded: a test"),
    ]


def test_a_verdict_that_is_not_committed_leaves_no_line_of_it(command_line: CommandLine, landing: Landing) -> None:
    """What died before the end of the transaction is done again, and noted once."""
    landing.configure()
    landing.put(key_of())
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("dq.ledger.inbox.Inbox.finish", _killed)
        with pytest.raises(KilledError):
            command_line.run("process_file", "--bucket", landing.bucket, "--key", key_of())
    assert of_objects(landing) == []
    landing.sql("UPDATE pipeline.object_inbox SET state = 'pending', lease_owner = NULL, lease_until = NULL")
    assert command_line.run("process_file", "--bucket", landing.bucket, "--key", key_of()).code == 0
    assert of_objects(landing) == [("process_file", "verdict", "succeeded", "done: score 100, passed")]


class KilledError(BaseException):
    """As if the process had died: nothing in the program catches it."""


def _killed(*_arguments: object) -> None:
    raise KilledError


def test_each_job_leaves_one_line_with_what_it_was_about(
    command_line: CommandLine, landing: Landing, sqs: SQSClient, tmp_path: Path
) -> None:
    landing.configure()
    prefix = f"s3://{landing.bucket}/agency"
    for hour in (1, 2):
        landing.put(key_of(hour=hour))
    assert command_line.run("reconcile", "--prefix", prefix, "--grace", "0s").code == 1
    found = last(landing, "job", "step", "subject", "message")
    assert found == ("reconcile", "compare", prefix, "2 objects: 2 never_announced")
    assert command_line.run("backfill", "--prefix", prefix).code == 0
    assert last(landing, "job", "subject", "message", "rows_in") == ("backfill", prefix, "2 done", 4)
    events = tmp_path / "events.json"
    record = s3_record("elsewhere.csv", eTag=None)
    record["s3"]["bucket"]["name"] = landing.bucket
    events.write_text(notification(record))
    assert command_line.run("replay_events", "--events", str(events)).code == 0
    assert last(landing, "job", "subject", "message") == ("replay_events", str(events), "1 ignored")
    url = sqs.create_queue(QueueName=f"audit-{landing.bucket}")["QueueUrl"]
    command_line.set(POLL_QUEUE_URL=url, ALLOWED_BUCKETS="*")
    assert command_line.run("watch_files", "--once").code == 0
    assert last(landing, "job", "step", "subject") == ("watch_files", "once", url)
    assert command_line.run("inbox", "retry", "1").code == 0
    assert last(landing, "job", "step", "inputs", "message") == ("inbox", "retry", ["1"], "1 objects are due again")
    assert command_line.run("migrate").code == 0
    assert last(landing, "job", "message") == ("migrate", "0 migrations were carried out")
    assert len(lines(landing)) == 6


def test_a_job_that_ends_badly_leaves_its_line_too(command_line: CommandLine, landing: Landing) -> None:
    assert command_line.run("process_file", "--bucket", landing.bucket, "--key", key_of()).code == 2
    status, message = last(landing, "status", "message")
    assert status == "refused"
    assert "there is no such object" in message
    landing.configure()
    landing.put(key_of(), GOOD)
    landing.sql("ALTER TABLE pipeline.object_inbox ADD CONSTRAINT odd CHECK (bucket = '')")
    assert command_line.run("process_file", "--bucket", landing.bucket, "--key", key_of()).code == 1
    status, message = last(landing, "status", "message")
    assert status == "failed"
    assert "constraint odd" in message


def test_a_line_that_cannot_be_written_is_logged_and_changes_no_exit_code(
    command_line: CommandLine, landing: Landing
) -> None:
    landing.sql("DROP TABLE pipeline.audit")
    ran = command_line.run("inbox", "list")
    assert ran.code == 0
    (line,) = [line for line in ran.log if line["message"] == "this run has no line in pipeline.audit"]
    assert line["level"] == "warning"
    assert "pipeline.audit" in line["error"]


def test_no_secret_is_in_any_line(command_line: CommandLine, landing: Landing) -> None:
    """Not even where somebody puts one into an argument."""
    command_line.set(S3_SECRET_KEY="canary-of-a-secret-key")
    landing.announce(landing.put(key_of()))
    command_line.run("inbox", "discard", "1", "--reason", "canary-of-a-secret-key")
    assert "canary" not in str(all_lines(landing))
    (line,) = lines(landing)
    assert line["message"].endswith(": ***")


def test_ids_and_the_time_are_arguments(command_line: CommandLine, landing: Landing) -> None:
    from jobs.inbox import main  # noqa: PLC0415 - after the variables are set

    del command_line
    numbers = iter(range(1, 10))
    noon = datetime(2026, 1, 4, 12, tzinfo=timezone.utc)
    job = Job("inbox", "look", main, "9.9")
    assert run_job(job, ["list"], new_id=lambda: uuid.UUID(int=next(numbers)), clock=lambda: noon) == 0
    assert last(landing, "id", "run_id", "at", "job_version") == (
        *(uuid.UUID(int=1), uuid.UUID(int=1).hex, noon, "9.9"),
    )
    note(message="outside of a run nobody listens")
    assert len(lines(landing)) == 1
