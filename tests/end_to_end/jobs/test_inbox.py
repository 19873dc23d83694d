"""Looking at the ledger by key, agency, state and age, and having a hand in what was chosen."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from dq.events.object_event import ObjectEvent
from dq.ledger.claims.resting import let_rest
from etl_core.postgres.clock import DatabaseClock
from jobs.working_off.owners import new_owner
from tests.end_to_end.landing import key_of

if TYPE_CHECKING:
    from tests.end_to_end.command_line import CommandLine, Ran
    from tests.end_to_end.landing import Landing


@pytest.fixture
def ended(landing: Landing) -> Landing:
    """Done, unconfigured, ignored and dead, the last of another agency; that came an hour ago, the others long ago."""
    landing.configure()
    landing.announce(landing.put(key_of(hour=1)))
    landing.process()
    landing.announce(landing.put(key_of("unknown", hour=2)), ObjectEvent(landing.bucket, "odd"))
    landing.process()
    hour_ago = datetime.now(timezone.utc) - timedelta(hours=1)
    landing.doors.inbox.add([ObjectEvent(landing.bucket, key_of(hour=3, agency="tenant-b"))], now=hour_ago)
    landing.sql("UPDATE pipeline.object_inbox SET state = 'dead', reason = 'boom' WHERE state = 'pending'")
    return landing


def listed(ran: Ran) -> list[str]:
    rows: list[dict[str, Any]] = [json.loads(line) for line in ran.out.splitlines()]
    return [row["event"]["key"] for row in rows]


@pytest.mark.usefixtures("ended")
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), ["unknown", "odd", "b"]),
        (("--all",), ["done", "unknown", "odd", "b"]),
        (("--key", "odd"), ["odd"]),
        (("--key", key_of(hour=1)), ["done"]),
        (("--prefix", "agency/"), ["done", "unknown", "b"]),
        (("--prefix", "agency/", "--state", "dead"), ["b"]),
        (("--glob", "*/files/*/data.csv"), ["done", "unknown", "b"]),
        (("--agency", "tenant-a"), ["unknown"]),
        (("--agency", "tenant-a", "--file", "trips", "--all"), ["done"]),
        (("--file", "trips"), ["b"]),
        (("--older-than", "2h"), ["unknown", "odd"]),
        (("--since", "2h"), ["b"]),
        (("--since", "2026-06-01", "--older-than", "30m"), ["b"]),
        (("--bucket", "another"), []),
        (("--limit", "2"), ["unknown", "odd"]),
        (("--limit", "2", "--all"), ["done", "unknown"]),
    ],
)
def test_a_list_has_what_fits_all_that_is_given(
    command_line: CommandLine, arguments: tuple[str, ...], expected: list[str]
) -> None:
    names = {
        key_of(hour=1): "done",
        key_of("unknown", hour=2): "unknown",
        "odd": "odd",
        key_of(hour=3, agency="tenant-b"): "b",
    }
    ran = command_line.run("inbox", "list", "--json", *arguments)
    assert ran.code == 0
    assert [names[key] for key in listed(ran)] == expected


def test_a_page_says_how_to_go_on(command_line: CommandLine, ended: Landing) -> None:
    first = command_line.run("inbox", "list", "--prefix", "agency/", "--limit", "2")
    assert "more with --after 2" in first.out
    rest = command_line.run("inbox", "list", "--json", "--prefix", "agency/", "--limit", "2", "--after", "2")
    assert listed(rest) == [key_of(hour=3, agency="tenant-b")]
    assert ended.states()["odd"] == "ignored"


def test_a_bucket_that_rests_is_told_with_its_reason(command_line: CommandLine, ended: Landing) -> None:
    now = DatabaseClock(ended.database)()
    until = let_rest(ended.database, ended.bucket, "s3://b/k: the object store refuses it (AccessDenied)", now)
    told = " ".join(command_line.run("inbox", "list").out.split())
    assert f"bucket {ended.bucket} rests until {until:%H:%M:%S} UTC: s3://b/k: the object store refuses it" in told
    assert '"alone": false' in command_line.run("inbox", "show", "1", "--json").out


def test_all_versions_of_a_key_are_shown(command_line: CommandLine, landing: Landing) -> None:
    landing.configure()
    for _ in range(2):
        landing.announce(landing.put(key_of()))
    landing.process()
    ran = command_line.run("inbox", "show", "--key", key_of(), "--json")
    assert len({json.loads(line)["event"]["version_id"] for line in ran.out.splitlines()}) == 2
    assert command_line.run("inbox", "show", "--key", key_of(), "--bucket", landing.bucket).code == 0
    missing = command_line.run("inbox", "show", "--key", "nowhere")
    assert (missing.code, "no object of the key 'nowhere'" in missing.err) == (2, True)


def test_retrying_a_selection_says_how_many_first_and_a_dry_run_changes_nothing(
    command_line: CommandLine, ended: Landing
) -> None:
    before = ended.states()
    dry = command_line.run("inbox", "retry", "--agency", "tenant-b", "--dry-run")
    assert dry.out.splitlines() == ["1 objects would be due again; nothing was changed"]
    assert ended.states() == before
    ran = command_line.run("inbox", "retry", "--agency", "tenant-b")
    assert ran.out.splitlines() == ["1 objects are meant; making due again", "1 objects are due again"]
    assert ended.states() == {**before, key_of(hour=3, agency="tenant-b"): "pending"}
    with ended.database.connect() as connection:
        lines = connection.execute(text("SELECT step, subject, message FROM pipeline.audit ORDER BY at")).all()
    assert tuple(lines[-1]) == ("retry", "--agency tenant-b", "1 objects are due again")


def test_what_has_its_verdict_is_retried_only_where_its_state_is_named(
    command_line: CommandLine, ended: Landing
) -> None:
    assert command_line.run("inbox", "retry", "--prefix", "agency/").out.endswith("2 objects are due again\n")
    assert ended.states()[key_of(hour=1)] == "done"
    assert command_line.run("inbox", "retry", "--prefix", "agency/", "--state", "done").code == 0
    assert ended.states()[key_of(hour=1)] == "pending"


def test_discarding_a_selection_closes_what_has_no_verdict_and_keeps_the_reasons_of_what_was_closed(
    command_line: CommandLine, ended: Landing
) -> None:
    discard = ("inbox", "discard", "--glob", "*", "--reason", "a test's files")
    assert "2 objects would be discarded" in command_line.run(*discard, "--dry-run").out
    assert "dead" in ended.states().values()
    ran = command_line.run(*discard)
    assert ran.out.splitlines() == ["2 objects are meant; discarding", "discarded 2 objects: a test's files"]
    reasons = {key: row.reason for key, row in ended.rows().items() if row.state == "ignored"}
    assert reasons["odd"] is not None
    assert "discarded" not in reasons["odd"]
    assert sorted(map(str, reasons.values()))[:2] == ["discarded: a test's files"] * 2
    assert ended.states()[key_of(hour=1)] == "done"


def test_a_few_of_a_selection_are_changed_first(command_line: CommandLine, ended: Landing) -> None:
    assert "1 objects are due again" in command_line.run("inbox", "retry", "--glob", "*", "--limit", "1").out
    assert [state for state in ended.states().values() if state == "pending"] == ["pending"]
    assert "1 objects are due" in command_line.run("inbox", "retry", "--glob", "*", "--after", "3").out


def test_what_is_being_worked_on_is_never_touched(command_line: CommandLine, ended: Landing) -> None:
    ended.announce(ended.put(key_of(hour=9)))
    assert ended.doors.inbox.claim(10, 60, new_owner(), ended.clock()) is not None
    for command in (("retry", "--prefix", "agency/"), ("discard", "--prefix", "agency/", "--reason", "x")):
        assert command_line.run("inbox", *command).code == 0
        assert ended.states()[key_of(hour=9)] == "claimed"
    assert command_line.run("inbox", "retry", "--state", "claimed").code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("retry",),
        ("retry", "1", "--state", "dead"),
        ("retry", "--key", "a", "--prefix", "b"),
        ("discard", "--prefix", "agency/"),
        ("discard", "--prefix", "agency/", "--reason", " "),
        ("discard", "--state", "done", "--reason", "x"),
        ("list", "--older-than", "2 hours"),
        ("list", "--since", "yesterday"),
        ("list", "--limit", "0"),
        ("list", "--after", "-1"),
        ("show",),
        ("show", "1", "--key", "odd"),
        ("show", "L9"),
    ],
)
def test_what_may_mean_two_things_or_nothing_ends_with_2_and_changes_nothing(
    command_line: CommandLine, ended: Landing, arguments: tuple[str, ...]
) -> None:
    before = ended.rows()
    assert command_line.run("inbox", *arguments).code == 2
    assert ended.rows() == before


def test_named_numbers_are_counted_by_a_dry_run(command_line: CommandLine, ended: Landing) -> None:
    before = ended.rows()
    for command in (("retry", "2", "3"), ("discard", "2", "3", "--reason", "x")):
        ran = command_line.run("inbox", *command, "--dry-run")
        assert ran.out == "2 objects and 0 dead letters are named; nothing was changed\n"
    assert ended.rows() == before
