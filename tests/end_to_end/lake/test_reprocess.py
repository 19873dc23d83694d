"""reprocess: stored objects judged and lifted again by the definition of today, or only what that would change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from tests.end_to_end.lake.lake_rows import loads, rows
from tests.end_to_end.landing import key_of

if TYPE_CHECKING:
    from tests.end_to_end.command_line import CommandLine, Ran
    from tests.end_to_end.landing import Landing

BODY = b"id,fare\n1,5\n2,50\n3,x\n"


def definition(most: int, pass_score: int = 1) -> dict[str, Any]:
    return {
        "format": "csv",
        "fields": [{"name": "id", "type": "integer"}, {"name": "fare", "type": "integer", "max": most}],
        "scoring": {"passScore": pass_score},
    }


@pytest.fixture
def lifted(command_line: CommandLine, landing: Landing) -> Landing:
    """Two objects in silver: of each, one row of three is above the bound and one is of another type."""
    landing.configure(definition=definition(10))
    for hour in (12, 13):
        landing.announce(landing.put(key_of(hour=hour), BODY))
    landing.process()
    assert command_line.run("to_silver").code == 0
    return landing


def told(ran: Ran) -> list[list[str]]:
    return [
        [part.strip() for part in line.strip("│").split("│")] for line in ran.out.splitlines() if line.startswith("│")
    ]


def test_a_dry_run_says_scores_and_rows_that_enter_or_leave_and_touches_nothing(
    command_line: CommandLine, lifted: Landing
) -> None:
    before = (lifted.scores(), loads(lifted, "id, state"), rows(command_line, "silver"))
    lifted.redefine(definition(100))
    ran = command_line.run("reprocess", "--dry-run")
    assert ran.code == 0, ran.err
    old = lifted.scores()["trips", 12]
    found = [(row[0], int(row[4]), int(row[5]) > old, *row[6:9]) for row in told(ran)]
    assert found == [("1", old, True, "1", "1", "0"), ("2", old, True, "1", "1", "0")]
    lifted.redefine({**definition(100), "rows": {"rule": "none", "expression": "id > 1"}})
    assert [row[6:9] for row in told(command_line.run("reprocess", "--dry-run", "--silver"))] == [["1", "1", "1"]] * 2
    assert (lifted.scores(), loads(lifted, "id, state"), rows(command_line, "silver")) == before


def test_objects_are_judged_and_lifted_again_by_the_definition_of_today(
    command_line: CommandLine, lifted: Landing
) -> None:
    before = lifted.scores()
    lifted.redefine(definition(100))
    ran = command_line.run("reprocess", "--file", "trips")
    assert ran.code == 0, ran.err
    assert all(lifted.scores()[run] > before[run] for run in before)
    assert [(row["_run_hour"], row["id"]) for row in rows(command_line, "silver")] == [
        (12, 1), (12, 2), (13, 1), (13, 2),
    ]  # fmt: skip
    assert [len(rows(command_line, "quarantine"))] == [2]
    assert sorted(loads(lifted, "object_id, state")) == [
        (1, "loaded"), (1, "replaced"), (2, "loaded"), (2, "replaced"),
    ]  # fmt: skip
    assert set(lifted.states().values()) == {"done"}


def test_verdicts_and_rows_can_be_written_anew_for_themselves(command_line: CommandLine, lifted: Landing) -> None:
    before = lifted.scores()
    lifted.redefine(definition(100))
    assert command_line.run("reprocess", "--silver").code == 0
    assert lifted.scores() == before
    assert len(rows(command_line, "silver")) == 4
    lifted.redefine(definition(1))
    assert command_line.run("reprocess", "--verdicts").code == 0
    assert lifted.scores() != before
    assert len(rows(command_line, "silver")) == 4


def test_an_object_whose_verdict_would_not_pass_is_held_and_its_rows_stay(
    command_line: CommandLine, lifted: Landing
) -> None:
    lifted.redefine(definition(1, pass_score=100))
    shown = command_line.run("reprocess", "--dry-run")
    assert (shown.code, "it would be held" in " ".join(shown.out.split())) == (0, True)
    assert command_line.run("reprocess").code == 0
    assert [state for _, state in sorted(loads(lifted, "id, state"))][2:] == ["held", "held"]
    assert len(rows(command_line, "silver")) == 2


def test_a_dry_run_of_what_cannot_be_done_does_not_end_well(command_line: CommandLine, lifted: Landing) -> None:
    lifted.redefine({**definition(100), "silver": {"mode": "merges"}})
    ran = command_line.run("reprocess", "--dry-run", "--silver")
    assert (ran.code, 'mode is "merges"' in " ".join(ran.out.split())) == (1, True)


def test_only_objects_of_the_days_and_files_that_are_named_are_read(command_line: CommandLine, lifted: Landing) -> None:
    for arguments in (["--until", "2000-01-01"], ["--since", "2999-01-01"], ["--agency", "no"], ["--file", "no"]):
        ran = command_line.run("reprocess", *arguments)
        assert (ran.code, len(loads(lifted, "id"))) == (0, 2), ran.err


def test_a_version_that_is_there_is_read_whatever_came_after_it_and_one_that_is_gone_is_left_as_it_is(
    command_line: CommandLine, lifted: Landing
) -> None:
    versions = lifted.s3.list_object_versions(Bucket=lifted.bucket, Prefix=key_of(hour=12))["Versions"]
    lifted.s3.delete_object(Bucket=lifted.bucket, Key=key_of(hour=12), VersionId=versions[0]["VersionId"])
    lifted.put(key_of(hour=13), b"id,fare\n9,9\n")
    lifted.redefine(definition(100))
    before = lifted.scores()
    ran = command_line.run("reprocess")
    assert [line["key"] for line in ran.log if line["message"] == "left as it is"] == [key_of(hour=12)]
    assert (ran.code, set(lifted.states().values())) == (1, {"done"})
    assert {run for run, score in lifted.scores().items() if score != before[run]} == {("trips", 13)}
    assert [(row["_run_hour"], row["id"]) for row in rows(command_line, "silver")] == [(12, 1), (13, 1), (13, 2)]


def fingerprints(landing: Landing, query: str) -> list[str]:
    with landing.database.connect() as connection:
        return list(connection.scalars(text(query)))


def test_a_load_names_the_definition_its_rows_were_decided_by_and_is_not_done_twice_for_it(
    command_line: CommandLine, lifted: Landing
) -> None:
    lifted.redefine(definition(20))
    assert command_line.run("reprocess", "--silver").code == 0
    decided_by = {row["_definition"] for row in rows(command_line, "quarantine")}
    named = "SELECT definition_fingerprint FROM pipeline.silver_load WHERE state = 'loaded'"
    assert set(fingerprints(lifted, named)) == decided_by
    assert decided_by.isdisjoint(fingerprints(lifted, "SELECT definition_fingerprint FROM pipeline.object_inbox"))
    assert command_line.run("reprocess", "--verdicts").code == 0
    assert command_line.run("to_silver").code == 0
    assert len(loads(lifted, "id")) == 4


def test_rows_follow_a_verdict_by_a_definition_that_was_taken_back(command_line: CommandLine, lifted: Landing) -> None:
    for most, left in ((100, 4), (10, 2)):
        lifted.redefine(definition(most))
        assert command_line.run("reprocess", "--verdicts").code == 0
        assert command_line.run("to_silver").code == 0
        assert len(rows(command_line, "silver")) == left
    count = len(loads(lifted, "id"))
    assert command_line.run("to_silver").code == 0
    assert len(loads(lifted, "id")) == count
