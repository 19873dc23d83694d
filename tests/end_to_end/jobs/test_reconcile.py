"""A bucket is held against the ledger, by its listing or by an inventory, and what was missed is mended."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dq.ledger.inspection import list_rows
from tests.end_to_end.figures import samples
from tests.end_to_end.landing import Landing, key_of
from tests.end_to_end.processes import inherited
from tests.inventories import rows_of, write_inventory

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.end_to_end.command_line import CommandLine, Ran

_ROOT = Path(__file__).parents[3]
NO_GRACE = ("--grace", "0s")


@pytest.fixture
def mixed(landing: Landing) -> Landing:
    """Hours 1 to 6: known, never announced, overwritten since its verdict, deleted after its verdict, deleted before
    it, deleted and known to be gone."""
    landing.configure()
    hours = {hour: landing.put(key_of(hour=hour)) for hour in (1, 3, 4, 5, 6)}
    landing.announce(*(hours[hour] for hour in (1, 3, 4)))
    landing.process()
    landing.announce(*(replace(hours[hour], version_id=None) for hour in (5, 6)))  # a version could still be read
    for hour in (4, 5, 6):
        landing.s3.delete_object(Bucket=landing.bucket, Key=key_of(hour=hour))
    landing.sql(
        "UPDATE pipeline.object_inbox SET state = 'gone', reason = 'not there' WHERE key = :key", key=key_of(hour=6)
    )
    landing.sql("UPDATE pipeline.object_inbox SET last_modified = last_modified - interval '1 hour'")
    landing.put(key_of(hour=3), b"id,driver\n1,ada\n1,ben\n")
    landing.put(key_of(hour=2))
    landing.sql("UPDATE pipeline.object_inbox SET last_modified = now() WHERE key = :key", key=key_of(hour=1))
    return landing


def reconcile(command_line: CommandLine, landing: Landing, *arguments: str) -> Ran:
    return command_line.run("reconcile", "--prefix", f"s3://{landing.bucket}/agency/", *NO_GRACE, *arguments)


def lines(landing: Landing, *found: tuple[str, int]) -> list[str]:
    return [f"{finding} s3://{landing.bucket}/{key_of(hour=hour)}" for finding, hour in found]


DIFFERENCES = (("never_announced", 2), ("stale", 3), ("gone_without_verdict", 5))


def test_what_was_never_announced_what_is_stale_and_what_is_gone_is_told_and_nothing_changed(
    command_line: CommandLine, mixed: Landing
) -> None:
    before = list_rows(mixed.database)
    ran = reconcile(command_line, mixed)
    assert ran.code == 1
    assert ran.out.splitlines() == lines(mixed, *DIFFERENCES)
    (line,) = [line for line in ran.log if line["message"] == "reconciled"]
    assert {name: line[name] for name in ("objects", "known", "never_announced", "stale", "gone_with_verdict")} == {
        "objects": 3,
        "known": 1,
        "never_announced": 1,
        "stale": 1,
        "gone_with_verdict": 1,
    }
    assert list_rows(mixed.database) == before
    everything = reconcile(command_line, mixed, "--all")
    assert everything.out.splitlines() == lines(
        mixed, *DIFFERENCES[:2], ("gone_with_verdict", 4), DIFFERENCES[2], ("gone_and_closed", 6)
    )


def test_repair_announces_what_was_missed_works_it_off_and_leaves_the_rest_to_others(
    command_line: CommandLine, mixed: Landing
) -> None:
    ran = reconcile(command_line, mixed, "--repair")
    assert ran.out.splitlines() == lines(mixed, *DIFFERENCES)
    assert ran.code == 1, "what is gone and has no verdict cannot be mended"
    assert mixed.scores() == {("trips", 1): 100, ("trips", 2): 100, ("trips", 3): 95, ("trips", 4): 100}
    assert mixed.states()[key_of(hour=5)] == "pending", "a job works off what it announced, nobody else's"
    assert command_line.run("watch_files", "--once").code == 0
    assert mixed.states()[key_of(hour=5)] == "gone"
    again = reconcile(command_line, mixed, "--repair")
    assert (again.code, again.out) == (0, "")


def test_counts_and_differences_are_there_for_programs(
    command_line: CommandLine, mixed: Landing, tmp_path: Path
) -> None:
    command_line.set(METRICS_FILE=str(tmp_path / "pipeline.prom"))
    ran = reconcile(command_line, mixed, "--json")
    *differences, counts = map(json.loads, ran.out.splitlines())
    assert [(one["finding"], one["key"]) for one in differences] == [(f, key_of(hour=h)) for f, h in DIFFERENCES]
    assert [one["state"] for one in differences] == [None, "done", "pending"]
    assert differences[1]["etag"] == mixed.s3.head_object(Bucket=mixed.bucket, Key=key_of(hour=3))["ETag"].strip('"')
    findings = {
        "known": 1,
        "never_announced": 1,
        "stale": 1,
        "gone_with_verdict": 1,
        "gone_without_verdict": 1,
        "gone_and_closed": 1,
    }
    assert counts == {"objects": 3, "findings": findings, "announced": 0}
    left = samples((tmp_path / "pipeline.prom").read_text())
    for finding, count in {"objects": 3, **findings}.items():
        assert left[f"pipeline_reconciled_objects{{finding={finding}}}"] == count


def test_an_object_that_came_back_after_it_was_gone_is_found(command_line: CommandLine, landing: Landing) -> None:
    """Although its content, and so its etag, is what was announced then."""
    landing.configure()
    event = replace(landing.put(key_of()), version_id=None)
    landing.s3.delete_object(Bucket=landing.bucket, Key=key_of())
    landing.announce(event)
    landing.process(rest=lambda _seconds: None)
    assert landing.states() == {key_of(): "gone"}
    landing.put(key_of())
    place = f"s3://{landing.bucket}/"
    assert command_line.run("reconcile", "--prefix", place, "--grace", "0s").code == 1
    assert command_line.run("reconcile", "--prefix", place, "--grace", "0s", "--repair").code == 0
    assert landing.states() == {key_of(): "done"}


def test_what_is_younger_than_the_grace_is_left_alone(command_line: CommandLine, landing: Landing) -> None:
    """A quarter of an hour unless somebody says otherwise."""
    landing.configure()
    landing.put(key_of(hour=1))
    gone = landing.put(key_of(hour=2))
    landing.doors.inbox.add([gone], now=datetime.now(timezone.utc))
    landing.s3.delete_object(Bucket=landing.bucket, Key=key_of(hour=2))
    prefix = ("reconcile", "--prefix", f"s3://{landing.bucket}/")
    for arguments in ((), ("--grace", "10m"), ("--repair",)):
        ran = command_line.run(*prefix, *arguments)
        assert (ran.code, ran.out) == (0, "")
    assert command_line.run(*prefix, *NO_GRACE).out.splitlines() == lines(
        landing, ("never_announced", 1), ("gone_without_verdict", 2)
    )


def test_objects_of_different_windows_that_would_become_one_run_are_not_announced(
    command_line: CommandLine, landing: Landing
) -> None:
    command_line.set(RUN_WINDOW="last_modified")
    landing.configure()
    for hour in (1, 2):
        landing.put(key_of(hour=hour))
    assert reconcile(command_line, landing).code == 1
    refused = reconcile(command_line, landing, "--repair")
    assert (refused.code, "--run-window key" in refused.err) == (2, True)
    assert landing.states() == {}
    assert reconcile(command_line, landing, "--repair", "--run-window", "key").code == 0
    assert landing.scores() == {("trips", 1): 100, ("trips", 2): 100}


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((), "nothing to reconcile was named"),
        (("--prefix", "s3://{bucket}/no/such/prefix"), "no object under"),
        (("--prefix", "folder/"), "not in S3"),
        (("--inventory", "nowhere.json"), "no such file"),
        (("--inventory", "s3://{bucket}/agency/x"), "cannot be read"),
        (("--prefix", "s3://{bucket}/", "--grace", "soon"), "not a span of time"),
    ],
)
def test_what_cannot_be_reconciled_ends_with_2(
    command_line: CommandLine, landing: Landing, arguments: Sequence[str], reason: str
) -> None:
    ran = command_line.run("reconcile", *(one.format(bucket=landing.bucket) for one in arguments))
    assert (ran.code, reason in ran.err) == (2, True), ran.err


def test_a_bucket_of_which_nothing_would_be_scored_ends_with_2(command_line: CommandLine, landing: Landing) -> None:
    landing.put(key_of())
    command_line.set(ALLOWED_BUCKETS="another-bucket")
    ran = reconcile(command_line, landing)
    assert (ran.code, "not one of ALLOWED_BUCKETS (another-bucket)" in ran.err) == (2, True)


# by an inventory


def inventory(landing: Landing, *, kind: str = "CSV", created: datetime | None = None) -> str:
    return write_inventory(
        landing.s3, rows_of(landing.s3, landing.bucket, "agency/"), at=landing.bucket, kind=kind, created=created
    )


@pytest.mark.parametrize("kind", ["CSV", "Parquet", "ORC"])
def test_an_inventory_finds_what_a_listing_finds(command_line: CommandLine, mixed: Landing, kind: str) -> None:
    """Keys with characters that addresses encode, too."""
    mixed.put(key_of(hour=7, name="a b+c%20é.csv"))
    place = inventory(mixed, kind=kind, created=datetime.now(timezone.utc) + timedelta(minutes=1))
    listed = reconcile(command_line, mixed, "--all")
    ran = command_line.run("reconcile", "--inventory", place, *NO_GRACE, "--all")
    assert ran.out == listed.out
    assert f"never_announced s3://{mixed.bucket}/{key_of(hour=7, name='a b+c%20é.csv')}" in ran.out.splitlines()
    assert ran.code == 1
    part = command_line.run(
        "reconcile", "--inventory", place, "--prefix", f"s3://{mixed.bucket}/{key_of(hour=2)}", *NO_GRACE, "--repair"
    )
    assert (part.code, part.out.splitlines()) == (0, lines(mixed, DIFFERENCES[0]))


def test_what_came_after_an_inventory_was_made_is_not_missed_and_what_has_changed_since_is_as_it_is_now(
    command_line: CommandLine, landing: Landing
) -> None:
    landing.configure()
    deleted, overwritten = landing.put(key_of(hour=1)), key_of(hour=2)
    landing.put(overwritten, b"")
    place = inventory(landing, created=datetime.now(timezone.utc) + timedelta(seconds=1))
    landing.s3.delete_object(Bucket=landing.bucket, Key=deleted.key)
    landing.put(overwritten)
    later = landing.put(key_of(hour=3))
    landing.doors.inbox.add([later], now=datetime.now(timezone.utc) + timedelta(minutes=1))
    landing.doors.inbox.add([replace(later, key=key_of(hour=4))], now=datetime(2026, 1, 1, tzinfo=timezone.utc))
    landing.put(key_of(hour=4))  # announced before the inventory was made, which does not have it
    ran = command_line.run("reconcile", "--inventory", place, *NO_GRACE, "--repair")
    assert ran.out.splitlines() == lines(landing, ("never_announced", 2))
    (line,) = [line for line in ran.log if line["message"] == "reconciled"]
    assert (line["gone_since"], line["there_since"], line["gone_and_young"]) == (1, 1, 1)
    assert ran.code == 0
    assert landing.scores() == {("trips", 2): 100}
    (row,) = [row for row in list_rows(landing.database) if row.event.key == overwritten]
    assert (row.state, row.event.size) == ("done", 22)


def test_an_inventory_and_a_prefix_of_another_bucket_end_with_2(command_line: CommandLine, landing: Landing) -> None:
    landing.put(key_of())
    ran = command_line.run("reconcile", "--inventory", inventory(landing), "--prefix", "s3://another-bucket/")
    assert (ran.code, "the inventory is of bucket" in ran.err) == (2, True)


@pytest.mark.night
def test_four_times_the_objects_and_rows_take_no_more_memory(landing: Landing) -> None:
    """Half of them in the ledger, which has as many that are gone; by an inventory they are sorted on disk."""
    address = landing.database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    command = [sys.executable, "-m", "tests.end_to_end.jobs.reconciling_program", address, "20000", "80000"]
    done = subprocess.run(command, cwd=_ROOT, env=inherited(), capture_output=True, text=True, check=True)
    for line in done.stdout.splitlines():
        way, *figures = line.split()
        few, peak_of_few, many, peak_of_many = map(int, figures)
        assert (few, many) == (30_000, 120_000), way
        assert peak_of_many - peak_of_few <= 12, done.stdout
    assert len(done.stdout.splitlines()) == 2
