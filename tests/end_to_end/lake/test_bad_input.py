"""What is odd, broken, altered or full ends in a state with a reason; neighbours go on, and no row is lost."""

from __future__ import annotations

import csv
import io
import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from tests.databases import login
from tests.end_to_end.command_line import environment
from tests.end_to_end.lake.lake_rows import loads
from tests.end_to_end.landing import TRIPS, key_of

if TYPE_CHECKING:
    from tests.end_to_end.command_line import CommandLine
    from tests.end_to_end.landing import Landing
    from tests.local_s3 import S3Server

NAMES = ["a.b", "`tick`", "two words", "fare", "Fare", "FARE", "x" * 300, "_line", "_Findings", "_findings"]
NAMES += ['quo"te', "😀 €", "id"]


def table(command_line: CommandLine, name: str, layer: str = "silver") -> pa.Table:
    """A table as delta-rs reads it, with mapped columns."""
    found = DeltaTable(str(command_line.folder / ".data/lake" / layer / name))
    return pa.RecordBatchReader.from_stream(found.scan()).read_all()


def equations_hold(landing: Landing) -> None:
    """Of each load that has counts; those of others are null."""
    for read, *parts in loads(landing, "rows_read, rows_silver, rows_quarantined, rows_malformed"):
        assert read is None or read == sum(parts)


def told(landing: Landing) -> dict[str, tuple[str, str]]:
    """The newest state and reason, by file."""
    return {name: (state, str(reason)) for name, state, reason in loads(landing, "file_name, state, reason")}


def as_csv(*rows: list[str]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([NAMES, *rows])
    return out.getvalue().encode()


@pytest.mark.parametrize("declared", [[], [*range(7), 10, 11]])
def test_columns_of_any_name_reach_silver_and_quarantine(
    command_line: CommandLine, landing: Landing, declared: list[int]
) -> None:
    fields = [{"name": NAMES[at]} for at in declared]
    landing.configure(definition={"fields": [*fields, {"name": "id", "type": "integer"}], "scoring": {"passScore": 1}})
    good, bad = [[str(at) for at in range(len(NAMES))], [*(["v"] * (len(NAMES) - 1)), "no"]]
    landing.announce(landing.put(key_of(), as_csv(good, bad)))
    landing.process()
    ran = command_line.run("to_silver")
    assert (ran.code, told(landing)) == (0, {"trips": ("loaded", "None")}), ran.err
    (row,) = table(command_line, "trips").to_pylist()
    shown = [*NAMES[:4], "Fare (2)", "FARE (3)", "x" * 300, "_line (2)", "_Findings (2)", "_findings [2]"]
    assert [str(row[name]) for name in [*shown, *NAMES[10:]]] == good
    assert row["_findings"] is None
    (other,) = table(command_line, "trips", "quarantine").to_pylist()
    assert json.loads(other["_text"]) == dict(zip(NAMES, bad, strict=True))
    assert command_line.run("lake", "show", "trips").code == 0
    assert command_line.run("lake", "quarantine", "trips").code == 0
    equations_hold(landing)


def test_null_and_repeated_keys_go_to_quarantine_and_the_first_of_a_key_stays(
    command_line: CommandLine, landing: Landing
) -> None:
    fields = [{"name": "a", "type": "integer", "required": True}, {"name": "b", "required": True}]
    definition = {"fields": fields, "primaryKey": ["a", "b"], "scoring": {"passScore": 1}}
    landing.configure(definition=definition)
    landing.announce(landing.put(key_of(), b"a,b\n1,x\n01,x\n,x\n1,\n2,x\n1,x\n"))
    landing.process()
    assert command_line.run("to_silver").code == 0
    assert [(row["a"], row["_line"]) for row in table(command_line, "trips").to_pylist()] == [(1, 2), (2, 6)]
    equations_hold(landing)
    assert loads(landing, "rows_read, rows_silver, rows_quarantined") == [(6, 2, 4)]


@pytest.fixture
def lifted(command_line: CommandLine, landing: Landing) -> Landing:
    """Two files in the lake, and one new object for each."""
    for name in ("trips", "other"):
        landing.configure(name)
        landing.announce(landing.put(key_of(name, hour=1)))
    landing.process()
    assert command_line.run("to_silver").code == 0
    for name in ("trips", "other"):
        landing.announce(landing.put(key_of(name, hour=2)))
    landing.process()
    return landing


def test_a_table_that_somebody_altered_is_named_and_other_tables_go_on(
    command_line: CommandLine, lifted: Landing
) -> None:
    place = str(command_line.folder / ".data/lake/silver/trips")
    DeltaTable(place).alter.set_table_properties({"delta.enableChangeDataFeed": "true"})
    ran = command_line.run("to_silver")
    assert (ran.code, told(lifted)["other"]) == (1, ("loaded", "None"))
    state, reason = told(lifted)["trips"]
    assert (state, "was given delta.enableChangeDataFeed = true by another program" in reason) == ("failed", True)
    equations_hold(lifted)
    DeltaTable(place).alter.set_table_properties({"delta.enableChangeDataFeed": "false"})
    (id_,) = [id_ for id_, state in loads(lifted, "object_id, state") if state == "failed"]
    assert command_line.run("to_silver", "--release", str(id_)).code == 0
    assert table(command_line, "trips").num_rows == 4


def test_a_table_whose_log_is_damaged_is_named_and_is_loaded_once_the_log_is_restored(
    command_line: CommandLine, lifted: Landing
) -> None:
    log = command_line.folder / ".data/lake/silver/trips/_delta_log" / f"{0:020d}.json"
    before = log.read_bytes()
    log.write_bytes(before[: len(before) // 2])
    ran = command_line.run("to_silver")
    assert (ran.code, told(lifted)["other"]) == (1, ("loaded", "None"))
    state, reason = told(lifted)["trips"]
    assert (state, "restore the files that are missing or damaged in _delta_log" in reason) == ("failed", True)
    equations_hold(lifted)
    listed = command_line.run("lake", "list")
    assert (listed.code, "restore" in listed.out, "other" in listed.out) == (1, True, True)
    log.write_bytes(before)
    (id_,) = [id_ for id_, state in loads(lifted, "object_id, state") if state == "failed"]
    assert command_line.run("to_silver", "--release", str(id_)).code == 0
    assert table(command_line, "trips").num_rows == 4


def test_a_column_that_changes_its_type_is_named_and_its_object_alone_comes_to_nothing(
    command_line: CommandLine, lifted: Landing
) -> None:
    fields: list[dict[str, Any]] = TRIPS["fields"]
    numbers = [one["name"] for one in fields if one.get("type") in {"integer", "number"}]
    lifted.redefine({**TRIPS, "fields": [{"name": one["name"]} for one in fields]})
    assert command_line.run("to_silver").code == 1
    state, reason = told(lifted)["trips"]
    assert state == "failed"
    assert f"column {numbers[0]!r} is " in reason
    assert "in the table and string in the file" in reason
    assert told(lifted)["other"] == ("loaded", "None")
    equations_hold(lifted)


def test_a_full_disk_leaves_the_tables_as_they_are_and_the_same_command_goes_on_when_there_is_room(
    command_line: CommandLine, lifted: Landing, s3_server: S3Server
) -> None:
    """A limit on the size of files stands for it: writing fails after some bytes."""
    before = table(command_line, "trips").num_rows
    program = [sys.executable, "-m", "jobs.cli", "to_silver"]
    done = subprocess.run(
        program,
        cwd=command_line.folder,
        env={**os.environ, **environment(lifted.database, s3_server), "PYTHONPATH": str(Path(__file__).parents[3])},
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (512, 512)),
    )
    assert done.returncode == 75, done.stderr
    assert "could not be written: File too large" in done.stderr
    assert {state for _, state in loads(lifted, "id, state")} == {"loaded", "loading"}
    assert table(command_line, "trips").num_rows == before
    assert not [*(command_line.folder / ".data/lake").rglob("*.tmp")]
    assert command_line.run("to_silver").code == 0
    assert table(command_line, "trips").num_rows == 2 * before
    equations_hold(lifted)


def test_a_lake_root_that_is_no_place_is_refused_before_anything_is_lifted(command_line: CommandLine) -> None:
    """By every job that reads it, without the ledger, which is not even there."""
    for root in ("http://x/y", "file:///tmp/zz", "s3:/x", "s3://", "s3://bucket/a b"):
        command_line.set(LAKE_ROOT=root)
        for arguments in (["to_silver"], ["reprocess"], ["lake", "list"], ["lake", "undo", "--object", "1"]):
            ran = command_line.run(*arguments)
            assert (ran.code, "LAKE_ROOT" in ran.err) == (2, True), (root, ran.err)


def test_looking_needs_the_rights_of_a_reader_alone(command_line: CommandLine, landing: Landing) -> None:
    landing.configure(definition=TRIPS)
    landing.announce(landing.put(key_of()))
    landing.process()
    assert command_line.run("to_silver").code == 0
    with login(landing.database, "pipeline_reader") as reader:
        command_line.set(DATABASE_URL=reader.url.set(drivername="postgresql").render_as_string(hide_password=False))
        for arguments in (["lake", "list"], ["audit", "--object", "1"], ["to_silver", "--dry-run"]):
            ran = command_line.run(*arguments)
            assert ran.code == 0, ran.err
        assert command_line.run("reprocess", "--dry-run", "--silver").code == 0
        assert command_line.run("to_silver").code == 2


def test_a_key_that_a_reference_has_twice_is_not_told_where_the_column_is_sensitive(
    command_line: CommandLine, landing: Landing
) -> None:
    landing.put("ref/people.csv", b"code,name\nCANARY66,x\nCANARY66,y\n")
    enrich = {"from": f"s3://{landing.bucket}/ref/people.csv", "on": {"ssn": "code"}, "take": {"name": "name"}}
    fields = [{"name": "ssn", "type": "string", "sensitive": True}]
    landing.configure(definition={"format": "csv", "fields": fields, "silver": {"enrich": enrich}})
    landing.announce(landing.put(key_of(), b"ssn\nCANARY66\n"))
    landing.process()
    ran = command_line.run("to_silver")
    told = command_line.run("audit", "--object", "1")
    ((state, reason),) = loads(landing, "state, reason")
    assert (state, "has two rows for code ***" in reason) == ("held", True)
    assert "CANARY66" not in ran.out + ran.err + told.out + told.err + reason
