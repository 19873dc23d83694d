"""Every job as its users run it: arguments in, rows and lines out, the documented exit code."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote_plus

import pytest

from dq.ledger.inspection import balance, list_rows
from tests.announcements import notification, s3_record, s3_test_event
from tests.end_to_end.landing import GOOD, Landing, key_of
from tests.reporting.samples import everything

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_sqs import SQSClient

    from tests.end_to_end.command_line import CommandLine

BROKEN = b"PAR1 but not for long"


def record(landing: Landing, key: str) -> dict[str, object]:
    """What S3 announces of a key, in this test's bucket."""
    made = s3_record(key, eTag=None, sequencer="0A")
    made["s3"]["bucket"]["name"] = landing.bucket
    return made


# process_file


def test_process_file_gives_an_object_its_verdict_each_time_it_is_asked(
    command_line: CommandLine, landing: Landing
) -> None:
    landing.configure()
    landing.put(key_of())
    for _ in range(2):
        ran = command_line.run("process_file", "--bucket", landing.bucket, "--key", key_of())
        assert ran.code == 0
        assert "scored" in ran.messages()
    assert landing.scores() == {("trips", 12): 100}
    assert len(list_rows(landing.database)) == 1


def test_process_file_scores_a_failing_file_and_still_ends_with_0(command_line: CommandLine, landing: Landing) -> None:
    landing.configure()
    landing.put(key_of(), b"")
    assert command_line.run("run", "process_file", "--", "--bucket", landing.bucket, "--key", key_of()).code == 0
    assert landing.scores() == {("trips", 12): 65}


def test_process_file_of_an_object_that_is_not_there_ends_with_2(command_line: CommandLine, landing: Landing) -> None:
    ran = command_line.run("process_file", "--bucket", landing.bucket, "--key", key_of())
    assert ran.code == 2
    assert "no such object" in ran.err


def test_an_object_that_nobody_may_read_ends_with_2_and_says_what_to_set_right(
    command_line: CommandLine, landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And waits with that reason, untried, where a batch finds it."""
    landing.configure()
    landing.announce(landing.put(key_of()))
    nobody = {"AWS_PROFILE": "nobody", "AWS_CONFIG_FILE": "none", "AWS_SHARED_CREDENTIALS_FILE": "none"}
    for name, value in {**nobody, "AWS_EC2_METADATA_DISABLED": "true"}.items():
        monkeypatch.setenv(name, value)
    for name in ("S3_ACCESS_KEY", "S3_SECRET_KEY"):
        monkeypatch.delenv(name)
    for command in (
        ("process_file", "--bucket", landing.bucket, "--key", key_of()),
        ("backfill", "--prefix", f"s3://{landing.bucket}/"),
    ):
        ran = command_line.run(*command)
        assert ran.code == 2
        assert "S3_ACCESS_KEY" in ran.log[-1]["error"]
    assert command_line.run("watch_files", "--once").code == 75
    (row,) = list_rows(landing.database)
    assert (row.state, row.attempts, "S3_ACCESS_KEY" in str(row.reason)) == ("pending", 0, True)


def test_an_outage_of_s3_ends_a_job_with_75_and_uses_up_no_attempt(
    command_line: CommandLine, landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the number of attempts that are allowed."""
    landing.configure()
    landing.announce(landing.put(key_of()))
    command_line.set(MAX_ATTEMPTS="1", S3_ENDPOINT="http://127.0.0.1:9")
    monkeypatch.setattr("time.sleep", lambda _seconds: None)  # boto3 waits between its tries
    for command in (
        ("watch_files", "--once"),
        ("process_file", "--bucket", landing.bucket, "--key", key_of()),
        ("backfill", "--prefix", f"s3://{landing.bucket}/"),
    ):
        assert command_line.run(*command).code == 75
    (row,) = list_rows(landing.database)
    assert (row.state, row.attempts) == ("pending", 0)
    assert "did not answer" in str(row.reason)
    command_line.set(S3_ENDPOINT=str(landing.s3.meta.endpoint_url))
    assert command_line.run("watch_files", "--once").code == 0
    assert landing.states() == {key_of(): "done"}


def test_process_file_refuses_a_foreign_bucket(command_line: CommandLine, landing: Landing) -> None:
    command_line.set(ALLOWED_BUCKETS="another")
    ran = command_line.run("process_file", "--bucket", landing.bucket, "--key", key_of())
    assert ran.code == 2
    assert "ALLOWED_BUCKETS" in ran.err


def test_process_file_without_its_arguments_ends_with_2(bare_command_line: CommandLine) -> None:
    ran = bare_command_line.run("process_file", "--bucket", "b")
    assert ran.code == 2
    assert "--key" in ran.err


# replay_events and inbox


def test_a_message_with_three_records_makes_three_rows_and_garbage_stays_visible(
    command_line: CommandLine, landing: Landing
) -> None:
    landing.configure()
    keys = [key_of(hour=hour, name="ü +1.csv") for hour in (1, 2, 3)]
    for key in keys:
        landing.put(key)
    events = command_line.folder / "events.jsonl"
    lines = [notification(*(record(landing, key) for key in keys)), s3_test_event(), '{"what": "is this"}', "{broken"]
    events.write_text("\n".join(lines))
    ran = command_line.run("replay_events", "--events", str(events))
    assert ran.code == 1  # two dead letters
    assert landing.states() == dict.fromkeys(keys, "done")
    listed = command_line.run("inbox", "list")
    assert listed.code == 0
    assert "3 done; 2 dead letters" in listed.out
    assert "L1" in listed.out
    assert "L2" in listed.out
    shown = command_line.run("inbox", "show", "L1")
    assert '"what"' in shown.out
    assert command_line.run("inbox", "discard", "L1", "L2", "--reason", "a test's garbage").code == 0
    assert "0 dead letters" in command_line.run("inbox", "list").out


def test_a_file_with_something_nobody_understands_ends_with_1_each_time_until_it_is_closed(
    command_line: CommandLine, landing: Landing
) -> None:
    landing.configure()
    (command_line.folder / "events.json").write_text("nonsense")
    assert [command_line.run("replay_events", "--events", "events.json").code for _ in range(2)] == [1, 1]
    command_line.run("inbox", "discard", "L1", "--reason", "seen")
    assert command_line.run("replay_events", "--events", "events.json").code == 0


def test_replaying_the_same_file_changes_nothing(command_line: CommandLine, landing: Landing) -> None:
    landing.configure()
    landing.put(key_of())
    events = command_line.folder / "events.json"
    events.write_text(notification(record(landing, key_of())))
    assert command_line.run("replay_events", "--events", str(events)).code == 0
    before = everything(landing.database)
    assert command_line.run("replay_events", "--events", str(events)).code == 0
    assert everything(landing.database) == before


def test_an_unconfigured_object_is_listed_with_its_reason_and_scored_after_retry(
    command_line: CommandLine, landing: Landing
) -> None:
    landing.put(key_of())
    events = command_line.folder / "events.json"
    events.write_text(json.dumps({"bucket": landing.bucket, "key": key_of()}))
    assert command_line.run("replay_events", "--events", str(events)).code == 1
    listed = command_line.run("inbox", "list")
    assert "unconfigured" in listed.out
    assert "no monitoring_file" in listed.out
    (row,) = json.loads("[" + ",".join(command_line.run("inbox", "list", "--json").out.splitlines()) + "]")
    assert command_line.run("inbox", "retry", str(row["id"])).code == 0
    assert command_line.run("watch_files", "--once").code == 1
    landing.configure()
    assert command_line.run("watch_files", "--once").code == 0
    assert landing.scores() == {("trips", 12): 100}
    assert "done" in command_line.run("inbox", "list", "--all").out


def test_what_has_no_effect_in_a_definition_is_shown_with_its_object(
    command_line: CommandLine, landing: Landing
) -> None:
    landing.configure(definition={"fields": [{"name": "id", "requierd": True}]})
    landing.put(key_of())
    events = command_line.folder / "events.json"
    events.write_text(json.dumps({"bucket": landing.bucket, "key": key_of()}))
    assert command_line.run("replay_events", "--events", str(events)).code == 0
    (row,) = json.loads("[" + ",".join(command_line.run("inbox", "list", "--all", "--json").out.splitlines()) + "]")
    assert "did you mean required?" in " ".join(command_line.run("inbox", "show", str(row["id"])).out.split())
    (warning,) = json.loads(command_line.run("inbox", "show", str(row["id"]), "--json").out)["definition_warnings"]
    assert warning == 'field "id": "requierd" is not known and has no effect (did you mean required?)'


def test_a_hostile_key_cannot_write_on_the_terminal(command_line: CommandLine, landing: Landing) -> None:
    events = command_line.folder / "events.json"
    hostile = "x\x1b]0;owned\x07[red]\n2026-01-01 all is well"
    events.write_text(json.dumps({"bucket": landing.bucket, "key": hostile}))
    command_line.run("replay_events", "--events", str(events))
    listed = command_line.run("inbox", "list", "--all")
    assert "\x1b" not in listed.out
    assert "\x07" not in listed.out


@pytest.mark.parametrize(
    "arguments", [("retry",), ("retry", "x"), ("show", "12"), ("show", "L12"), ("list", "--state", "x")]
)
def test_inbox_with_wrong_arguments_ends_with_2(command_line: CommandLine, arguments: tuple[str, ...]) -> None:
    assert command_line.run("inbox", *arguments).code == 2


def test_a_file_of_announcements_that_is_missing_ends_with_2(command_line: CommandLine) -> None:
    assert command_line.run("replay_events", "--events", "nowhere.json").code == 2


# backfill


def test_a_file_without_an_announcement_ends_with_2(command_line: CommandLine) -> None:
    (command_line.folder / "events.json").write_text("[]")
    ran = command_line.run("replay_events", "--events", "events.json")
    assert ran.code == 2
    assert "there is no announcement in events.json" in ran.log[-1]["message"]


def test_backfill_of_a_prefix_is_resumed_by_running_it_again(command_line: CommandLine, landing: Landing) -> None:
    landing.configure()
    for hour in range(3):
        landing.put(key_of(hour=hour))
    prefix = f"s3://{landing.bucket}/agency/"
    dry = command_line.run("backfill", "--prefix", prefix, "--dry-run")
    assert dry.out.splitlines() == [f"s3://{landing.bucket}/{key_of(hour=hour)}" for hour in range(3)]
    assert landing.states() == {}
    assert command_line.run("backfill", "--prefix", prefix).code == 0
    landing.put(key_of(hour=3))
    again = command_line.run("backfill", "--prefix", prefix)
    assert again.code == 0
    assert again.messages().count("scored") == 1
    forced = command_line.run("backfill", "--prefix", prefix, "--force")
    assert forced.messages().count("scored") == 4
    assert len(landing.verdicts()) == 4


def test_backfill_knows_what_was_announced_by_other_means(command_line: CommandLine, landing: Landing) -> None:
    landing.configure()
    landing.announce(landing.put(key_of()))
    landing.process()
    ran = command_line.run("backfill", "--prefix", f"s3://{landing.bucket}/")
    assert ran.code == 0
    assert "scored" not in ran.messages()


def test_backfill_of_a_manifest_in_the_bucket_or_on_this_machine(command_line: CommandLine, landing: Landing) -> None:
    landing.configure()
    landing.put(key_of(hour=1, name="a,b.csv"))
    landing.put(key_of(hour=2))
    manifest = command_line.folder / "manifest.csv"
    manifest.write_text(f'bucket,key\n{landing.bucket},"{key_of(hour=1, name="a,b.csv")}"\n')
    assert command_line.run("backfill", "--manifest", str(manifest)).code == 0
    landing.s3.put_object(
        Bucket=landing.bucket,
        Key="lists/today.json",
        Body=json.dumps([{"bucket": landing.bucket, "key": key_of(hour=2)}]).encode(),
    )
    assert command_line.run("backfill", "--manifest", f"s3://{landing.bucket}/lists/today.json").code == 0
    assert landing.scores() == {("trips", 1): 100, ("trips", 2): 100}


def test_backfill_stops_before_runs_collapse_and_asks_for_a_decision(
    command_line: CommandLine, landing: Landing
) -> None:
    """All objects were last modified now, while their keys name three windows."""
    command_line.set(RUN_WINDOW="last_modified")
    landing.configure()
    for hour in range(3):
        landing.put(key_of(hour=hour))
    prefix = f"s3://{landing.bucket}/agency/"
    refused = command_line.run("backfill", "--prefix", prefix)
    assert refused.code == 2
    assert "--run-window key" in refused.err
    assert "--run-window last_modified" in refused.err
    assert landing.states() == {}
    manifest = command_line.folder / "manifest.csv"
    manifest.write_text("".join(f"{landing.bucket},{key_of(hour=hour)}\n" for hour in range(3)))
    assert command_line.run("backfill", "--manifest", str(manifest)).code == 2
    assert command_line.run("backfill", "--prefix", prefix, "--run-window", "key").code == 0
    assert len(landing.verdicts()) == 3
    collapsed = command_line.run("backfill", "--prefix", prefix, "--run-window", "last_modified", "--force")
    assert collapsed.code == 0
    assert len(landing.verdicts()) == 4


def test_since_and_until_choose_by_last_modified(command_line: CommandLine, landing: Landing) -> None:
    landing.put(key_of())
    prefix = f"s3://{landing.bucket}/"
    assert command_line.run("backfill", "--prefix", prefix, "--until", "2020-01-01", "--dry-run").out == ""
    assert command_line.run("backfill", "--prefix", prefix, "--since", "2020-01-01T00:00:00Z", "--dry-run").out != ""


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--prefix", "s3://b/", "--manifest", "m.csv"),
        ("--prefix", "/local/folder"),
        ("--prefix", "s3://no-such-bucket-here/"),
        ("--manifest", "nowhere.csv"),
        ("--prefix", "s3://b/", "--since", "yesterday"),
        ("--prefix", "s3://b/", "--run-window", "noon"),
    ],
)
def test_backfill_with_wrong_arguments_ends_with_2(command_line: CommandLine, arguments: tuple[str, ...]) -> None:
    assert command_line.run("backfill", *arguments).code == 2


def test_an_object_that_cannot_be_saved_ends_in_the_dead_letter_with_1(
    command_line: CommandLine, landing: Landing
) -> None:
    landing.configure()
    landing.sql("ALTER TABLE reporting.monitoring_file_data_quality ADD CHECK (score < 100)")
    landing.put(key_of(hour=1))
    landing.put(key_of(hour=2), b"")
    assert command_line.run("backfill", "--prefix", f"s3://{landing.bucket}/").code == 1
    assert sorted(landing.states().values()) == ["dead", "done"]
    assert balance(landing.database).holds


# watch_files --once


def test_once_drains_the_queue_and_the_inbox_then_ends(
    command_line: CommandLine, landing: Landing, sqs: SQSClient
) -> None:
    landing.configure()
    url = sqs.create_queue(QueueName=f"once-{landing.bucket}")["QueueUrl"]
    for hour in range(3):
        landing.put(key_of(hour=hour, name="a b.csv"))
        sqs.send_message(QueueUrl=url, MessageBody=notification(record(landing, key_of(hour=hour, name="a b.csv"))))
    landing.announce(landing.put(key_of(hour=9)))
    command_line.set(POLL_QUEUE_URL=url, ALLOWED_BUCKETS=landing.bucket)
    assert command_line.run("watch_files", "--once").code == 0
    assert len(landing.verdicts()) == 4
    sqs.send_message(QueueUrl=url, MessageBody="garbage")
    assert command_line.run("watch_files", "--once").code == 1
    assert command_line.run("watch_files", "--once").code == 0
    left = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert left["ApproximateNumberOfMessages"] == "0"
    assert left["ApproximateNumberOfMessagesNotVisible"] == "0"


def test_a_queue_that_does_not_exist_is_a_settings_error(command_line: CommandLine, landing: Landing) -> None:
    url = landing.s3.meta.endpoint_url + "/123456789012/no-such-queue"
    command_line.set(POLL_QUEUE_URL=url, ALLOWED_BUCKETS="*")
    ran = command_line.run("watch_files", "--once")
    assert ran.code == 2
    assert "POLL_QUEUE_URL" in ran.err


def test_whose_announcements_are_accepted_must_be_said_where_there_is_a_queue(
    command_line: CommandLine, landing: Landing
) -> None:
    command_line.set(POLL_QUEUE_URL=landing.s3.meta.endpoint_url + "/123456789012/no-such-queue")
    ran = command_line.run("watch_files", "--once")
    assert ran.code == 2
    assert "ALLOWED_BUCKETS: is not set, and POLL_QUEUE_URL is; name the buckets" in ran.err


# settings, migrate, embedded database


def test_wrong_settings_end_every_job_with_2_and_one_line(bare_command_line: CommandLine) -> None:
    bare_command_line.set(READER="fast", MAX_ATTEMPTS="none", DATABASE_URL="mysql://u:hunter2@h/d")
    ran = bare_command_line.run("watch_files", "--once")
    assert ran.code == 2
    (line,) = ran.log
    assert [problem.split(":")[0] for problem in line["problems"]] == ["DATABASE_URL", "MAX_ATTEMPTS", "READER"]
    assert "hunter2" not in ran.err


def test_a_database_that_does_not_answer_ends_with_75_and_shows_no_password(bare_command_line: CommandLine) -> None:
    bare_command_line.set(DATABASE_URL="postgresql://app:hunter2@127.0.0.1:1/reports")
    ran = bare_command_line.run("inbox", "list")
    assert ran.code == 75
    assert "hunter2" not in ran.err
    assert "Traceback" not in ran.err


def test_a_database_without_the_tables_ends_with_2_and_migrate_makes_only_our_own(
    bare_command_line: CommandLine, database_url: str
) -> None:
    bare_command_line.set(DATABASE_URL=database_url)
    missing = bare_command_line.run("inbox", "list")
    assert missing.code == 2
    assert "pipeline-processing migrate" in missing.err
    assert bare_command_line.run("migrate").code == 0
    assert bare_command_line.run("migrate").code == 0
    assert bare_command_line.run("inbox", "list").code == 0
    reporting = bare_command_line.run("watch_files", "--once")
    assert reporting.code == 2
    assert "conf/sql/reporting.sql" in reporting.err


def test_without_a_database_url_the_embedded_one_is_used_and_a_line_says_so(
    bare_command_line: CommandLine, postgres_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres_directory.chmod(0o755)
    monkeypatch.chdir(postgres_directory)
    ran = bare_command_line.run("inbox", "list")
    assert ran.code == 0
    assert any("embedded Postgres" in message for message in ran.messages())
    assert "nothing yet" in ran.out
    assert (postgres_directory / ".data" / "postgres").is_dir()


def test_no_job_prints_a_secret_or_leaves_a_trace(command_line: CommandLine, landing: Landing) -> None:
    """Also at LOG_LEVEL=DEBUG, where libraries are talkative."""
    landing.configure()
    landing.put(key_of(), GOOD)
    command_line.set(LOG_LEVEL="DEBUG", S3_SECRET_KEY="canary-of-a-secret-key")
    ran = command_line.run("process_file", "--bucket", landing.bucket, "--key", key_of(name=quote_plus("data.csv")))
    assert "canary" not in ran.err + ran.out
