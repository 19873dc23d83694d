"""to_silver: rows of objects that have a verdict, in tables that anybody can read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from deltalake import DeltaTable
from sqlalchemy import text

from dq.ledger.silver_loads import known_tables
from pipelines.lake.tables.replace_runs import replace_runs
from tests.end_to_end.figures import samples
from tests.end_to_end.lake.lake_rows import loads as all_loads
from tests.end_to_end.lake.lake_rows import rows
from tests.end_to_end.landing import TRIPS, key_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipelines.lake.files.table_folder import TableFolder
    from pipelines.lake.run_part import Committed
    from tests.end_to_end.command_line import CommandLine, Ran
    from tests.end_to_end.landing import Landing

DEFINITION: Mapping[str, Any] = {
    "format": "csv",
    "fields": [
        {"name": "id", "type": "integer", "required": True, "unique": True},
        {"name": "fare", "type": "decimal", "max": 100},
        {"name": "driver", "type": "string", "required": True, "pattern": "[A-Z][a-z]+"},
        {"name": "phone", "type": "string", "sensitive": True},
        {"name": "day", "type": "date"},
    ],
    "scoring": {"passScore": 10},
    "silver": {
        "normalize": {"driver": ["trim", "title"]},
        "derive": {"ref": {"concat": ["agency", "id"], "separator": "-"}},
        "rename": {"driver": "name"},
        "drop": ["day"],
    },
}
BODY = (
    b"id,fare,driver,phone,day,more\n"
    b"1,5.10,  ada ,call-555,2026-01-01,x\n"
    b"2,500,Ben,call-556,2026-01-02,y\n"
    b"3,4\n"
    b"1,7,Cy,call-557,2026-01-02,z\n"
    b"5,1,Eve,call-558,2026-01-02,w\n"
)


def loads(landing: Landing) -> list[tuple[Any, ...]]:
    return all_loads(landing, "object_id, state, rows_read, rows_silver, rows_quarantined, rows_malformed, rows_healed")


def lifted(command_line: CommandLine, *arguments: str) -> Ran:
    return command_line.run("to_silver", *arguments)


@pytest.fixture
def judged(landing: Landing) -> Landing:
    landing.configure(definition=DEFINITION)
    landing.announce(landing.put(key_of(), BODY))
    landing.process()
    return landing


def test_good_rows_go_to_silver_the_others_to_quarantine_with_their_reasons(
    command_line: CommandLine, judged: Landing
) -> None:
    command_line.set(METRICS_FILE="lake.prom")
    ran = lifted(command_line)
    assert ran.code == 0, ran.err
    assert loads(judged) == [(1, "loaded", 5, 2, 2, 1, 1)]
    figures = samples((command_line.folder / "lake.prom").read_text())
    assert {name: value for name, value in figures.items() if "_total{" in name and value} == {
        "pipeline_lake_objects_total{state=loaded}": 1,
        "pipeline_lake_rows_total{outcome=silver}": 2,
        "pipeline_lake_rows_total{outcome=quarantined}": 2,
        "pipeline_lake_rows_total{outcome=malformed}": 1,
    }
    silver = rows(command_line, "silver")
    assert [(row["id"], str(row["fare"]), row["name"], row["ref"], row["more"]) for row in silver] == [
        (1, "5.100000000000000000", "Ada", "tenant-a-1", "x"),
        (5, "1.000000000000000000", "Eve", "tenant-a-5", "w"),
    ]
    assert "day" not in silver[0]
    assert [(row["_line"], row["_object_id"], row["_run_hour"]) for row in silver] == [(2, 1, 12), (6, 1, 12)]
    quarantine = rows(command_line, "quarantine")
    assert [(row["_line"], [one["rule"] for one in row["_findings"]]) for row in quarantine] == [
        (3, ["max"]),
        (4, ["malformed_rows"]),
        (5, ["unique"]),
    ]
    assert json.loads(quarantine[0]["_text"])["fare"] == "500"
    assert "call-55" not in str(quarantine)
    assert quarantine[1]["_text"] == "***"


def test_lifting_again_does_nothing_and_a_restated_object_replaces_its_predecessor(
    command_line: CommandLine, judged: Landing
) -> None:
    lifted(command_line)
    again = lifted(command_line, "--agency", "nobody")
    assert (again.code, again.out.strip()) == (0, "nothing was due")
    assert lifted(command_line).code == 0
    assert len(loads(judged)) == 1
    judged.announce(judged.put(key_of(), b"id,fare,driver,phone,day\n7,1,Zoe,1,2026-01-01\n"))
    judged.process()
    assert lifted(command_line).code == 0
    assert [row["id"] for row in rows(command_line, "silver")] == [7]
    assert rows(command_line, "quarantine") == []
    assert [(load[0], load[1]) for load in loads(judged)] == [(1, "replaced"), (2, "loaded")]


def test_an_object_that_failed_its_checks_is_held_until_somebody_releases_it(
    command_line: CommandLine, landing: Landing
) -> None:
    landing.configure(definition={**DEFINITION, "scoring": {"passScore": 100}})
    landing.announce(landing.put(key_of(), BODY))
    landing.process()
    assert "its verdict failed" in " ".join(lifted(command_line, "--dry-run").out.split())
    ran = lifted(command_line)
    assert ran.code == 0
    assert "held" in ran.out
    assert [load[1] for load in loads(landing)] == ["held"]
    assert lifted(command_line).code == 0
    assert len(loads(landing)) == 1
    assert lifted(command_line, "--release", "1").code == 0
    assert [load[1] for load in loads(landing)] == ["held", "loaded"]
    assert len(rows(command_line, "silver")) == 2


@pytest.mark.parametrize("was_lifted", [True, False])
def test_a_held_successor_leaves_the_rows_that_its_predecessor_lifted_and_lifts_none_for_it(
    command_line: CommandLine, landing: Landing, *, was_lifted: bool
) -> None:
    """A run shows the newest state that passed and was lifted; a superseded object is not lifted any more."""
    landing.configure(definition={**DEFINITION, "scoring": {"passScore": 90}})
    good = b"id,fare,driver,phone,day\n7,1,Zoe,1,2026-01-01\n"
    for body in (good, BODY):
        landing.announce(landing.put(key_of(), body))
        landing.process()
        if was_lifted or body == BODY:
            assert lifted(command_line).code == 0
    assert [load[:2] for load in loads(landing)][-1] == (2, "held")
    if was_lifted:
        assert [row["id"] for row in rows(command_line, "silver")] == [7]
    assert lifted(command_line, "--release", "2").code == 0
    assert [row["id"] for row in rows(command_line, "silver")] == [1, 5]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--release", "1", "--release", "99"], "the inbox has no object 99"),
        (["--release", "2"], "object 2 cannot be released: it is unconfigured"),
        (["--release", "1", "--agency", "tenant-z"], "object 1 is none of the agency"),
        (["--release", "1" * 30], "is no number of an object"),
        (["--release", "-1"], "is no number of an object"),
        (["--file", ""], "it is empty"),
        (["--since", "2026-02-01", "--until", "2026-01-01"], "so that no run can be meant"),
    ],
)
def test_arguments_that_would_do_nothing_are_refused_before_anything_is_lifted(
    command_line: CommandLine, judged: Landing, arguments: list[str], said: str
) -> None:
    judged.announce(judged.put(key_of("nobody")))
    judged.process()
    ran = lifted(command_line, *arguments)
    assert (ran.code, said in ran.err) == (2, True), ran.err
    assert loads(judged) == []


def test_an_object_without_a_definition_is_held_and_told_how_it_is_lifted_once_it_has_one(
    command_line: CommandLine, landing: Landing
) -> None:
    landing.configure(definition=None)
    landing.announce(landing.put(key_of()))
    landing.process()
    assert "release the object by to_silver --release 1" in " ".join(lifted(command_line).err.split())
    landing.sql("UPDATE reporting.monitoring_file SET schema_definition_id = NULL")
    landing.configure("other", definition=TRIPS)
    landing.sql(
        "UPDATE reporting.monitoring_file SET schema_definition_id = (SELECT schema_definition_id FROM"
        " reporting.monitoring_file WHERE file_name = 'other')"
    )
    assert lifted(command_line, "--release", "1").code == 0
    assert len(rows(command_line, "silver")) == 2


@pytest.mark.parametrize("action", ["history", "quarantine"])
def test_a_number_of_lines_that_is_none_is_refused(command_line: CommandLine, action: str) -> None:
    for limit in ("0", "-1", "many", "1" * 30):
        ran = command_line.run("lake", action, "trips", "--limit", limit)
        assert (ran.code, "is not a whole number" in ran.err) == (2, True), ran.err


def test_a_table_that_is_not_there_is_not_listed_in_silence(command_line: CommandLine, judged: Landing) -> None:
    lifted(command_line)
    ran = command_line.run("lake", "list", "trips", "nothing")
    assert (ran.code, "there is no table nothing" in ran.err, "trips" in ran.out) == (2, True, True)
    assert loads(judged)


def test_a_table_whose_last_rows_were_taken_out_is_still_listed(command_line: CommandLine, judged: Landing) -> None:
    lifted(command_line)
    assert command_line.run("lake", "undo", "--object", "1").code == 0
    assert "trips" in command_line.run("lake", "list").out
    assert known_tables(judged.database) == ("trips",)


def test_many_objects_of_a_file_are_one_commit(command_line: CommandLine, landing: Landing) -> None:
    landing.configure(definition=TRIPS)
    for hour in range(6):
        landing.announce(landing.put(key_of(hour=hour)))
    landing.process()
    assert lifted(command_line).code == 0
    table = DeltaTable(str(command_line.folder / ".data/lake/silver/trips"))
    assert table.version() == 0
    assert len(rows(command_line, "silver")) == 12
    assert len(loads(landing)) == 6


def test_what_cannot_be_lifted_has_a_reason_and_its_neighbours_are_lifted(
    command_line: CommandLine, landing: Landing
) -> None:
    landing.configure(definition=TRIPS)
    landing.configure("broken", {**TRIPS, "silver": {"mode": "merges", "drop": ["nowhere"]}})
    landing.announce(landing.put(key_of()), landing.put(key_of("broken")))
    landing.process()
    ran = lifted(command_line)
    assert ran.code == 0
    with landing.database.connect() as connection:
        reasons = connection.execute(
            text("SELECT state, reason FROM pipeline.silver_load WHERE file_name = 'broken'")
        ).one()
    assert reasons.state == "held"
    assert 'mode is "merges"' in reasons.reason
    assert "nowhere" in reasons.reason
    assert len(rows(command_line, "silver")) == 2


def test_a_dry_run_shows_what_is_due_and_touches_nothing(command_line: CommandLine, judged: Landing) -> None:
    ran = lifted(command_line, "--dry-run")
    assert (ran.code, key_of() in ran.out) == (0, True)
    assert loads(judged) == []
    assert not (command_line.folder / ".data").exists()


def test_with_the_gate_off_nothing_is_lifted(command_line: CommandLine, judged: Landing) -> None:
    command_line.set(SILVER_GATE="off")
    ran = lifted(command_line)
    assert (ran.code, "SILVER_GATE is off" in ran.err) == (2, True)
    assert loads(judged) == []


def test_the_lake_is_looked_at_and_an_object_taken_out_again_its_predecessor_comes_back(
    command_line: CommandLine, judged: Landing
) -> None:
    lifted(command_line)
    judged.announce(judged.put(key_of(), b"id,fare,driver,phone,day\n7,1,Zoe,1,2026-01-01\n"))
    judged.process()
    lifted(command_line)
    listed = command_line.run("lake", "list").out
    assert [line.split()[1:9:2] for line in listed.splitlines() if "trips" in line] == [
        ["trips", "silver", "1", "1"],
        ["trips", "quarantine", "1", "0"],
    ]
    assert "decimal128(38, 18)" in command_line.run("lake", "show", "trips").out
    assert len(command_line.run("lake", "history", "trips").out.splitlines()) > 4
    assert command_line.run("lake", "show", "nothing").code == 2
    ran = command_line.run("lake", "undo", "--object", "2")
    assert (ran.code, "those of object 1 are back" in ran.out) == (0, True)
    assert [row["id"] for row in rows(command_line, "silver")] == [1, 5]
    assert len(rows(command_line, "quarantine")) == 3
    assert "500" in command_line.run("lake", "quarantine", "trips").out
    assert lifted(command_line, "--release", "2").code == 0
    assert [row["id"] for row in rows(command_line, "silver")] == [7]
    assert [(load[0], load[1]) for load in loads(judged)] == [
        (1, "replaced"), (2, "replaced"), (1, "replaced"), (2, "loaded"),
    ]  # fmt: skip
    assert command_line.run("lake", "undo", "--object", "2").code == 0, "rows that were restored once come back again"
    assert [row["id"] for row in rows(command_line, "silver")] == [1, 5]
    assert len(rows(command_line, "quarantine")) == 3


def test_an_object_without_predecessor_leaves_its_run_empty(command_line: CommandLine, judged: Landing) -> None:
    lifted(command_line)
    assert command_line.run("lake", "undo", "--object", "1").code == 0
    assert rows(command_line, "silver") == []
    assert rows(command_line, "quarantine") == []
    assert lifted(command_line).code == 0
    assert rows(command_line, "silver") == []
    assert lifted(command_line, "--release", "1").code == 0
    assert len(rows(command_line, "silver")) == 2
    assert [load[1] for load in loads(judged)] == ["held", "held", "loaded"]


def test_the_path_of_an_object_is_told_from_its_announcement_to_the_lake(
    command_line: CommandLine, judged: Landing
) -> None:
    lifted(command_line)
    for named in ("1", f"s3://{judged.bucket}/{key_of()}"):
        ran = command_line.run("audit", "--object", named)
        steps = [line.split("│")[2].strip() for line in ran.out.splitlines() if line.startswith("│")]
        assert (ran.code, steps[:3]) == (0, ["announced", "judged", "to_silver: load"])
        assert "loaded: 2 to silver, 2 to quarantine; load 1, trips version 0" in " ".join(ran.out.split())
    with judged.database.connect() as connection:
        run_id = connection.scalar(text("SELECT run_id FROM pipeline.audit WHERE job = 'to_silver'"))
    assert "1 loaded" in command_line.run("audit", "--run-id", str(run_id)).out
    assert command_line.run("lake", "undo", "--object", "1").code == 0
    assert command_line.run("reprocess", "--verdicts").code == 0
    with judged.database.connect() as connection:
        path = connection.execute(
            text("SELECT job, step, status FROM pipeline.audit WHERE inputs @> '[\"object 1\"]' ORDER BY at, job")
        ).all()
    assert [tuple(one) for one in path] == [
        ("to_silver", "load", "succeeded"),
        ("lake", "load", "refused"),
        ("lake", "load", "refused"),
        ("reprocess", "retry", "succeeded"),
        ("reprocess", "verdict", "succeeded"),
    ]
    out = " ".join(command_line.run("audit", "--object", "1").out.split())
    assert "its rows were taken out again" in out
    assert "judged" not in out
    assert command_line.run("audit", "--run-id", "nobody").code == 2
    assert command_line.run("audit", "--object", "s3://nowhere/x").code == 2


class KilledError(BaseException):
    """As if the process had died: nothing in the program catches it."""


@pytest.mark.parametrize("effect", ["quarantine committed", "silver committed"])
def test_a_process_that_died_between_two_effects_leaves_what_the_next_one_puts_right(
    command_line: CommandLine, judged: Landing, effect: str
) -> None:
    """The tables are those of one run that nothing happened to, and the account says so."""
    commits: list[str] = []

    def replace(folder: TableFolder, *arguments: Any, **options: Any) -> Committed:  # noqa: ANN401 - passed on
        if effect == "quarantine committed" and commits:
            raise KilledError
        commits.append(folder.uri)
        done = replace_runs(folder, *arguments, **options)
        if effect == "silver committed" and len(commits) == 2:
            raise KilledError
        return done

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("pipelines.lake.lifting.load_objects.replace_runs", replace)
        with pytest.raises(KilledError):
            lifted(command_line)
    assert [load[1] for load in loads(judged)] == ["loading"]
    assert lifted(command_line).code == 0
    assert [load[1] for load in loads(judged)] == ["replaced", "loaded"]
    assert [row["id"] for row in rows(command_line, "silver")] == [1, 5]
    assert [row["_line"] for row in rows(command_line, "quarantine")] == [3, 4, 5]
