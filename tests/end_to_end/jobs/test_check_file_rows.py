"""check_file --rows: the rows that fail or cannot be parsed, in a file of their own."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

if TYPE_CHECKING:
    from tests.end_to_end.command_line import CommandLine, Ran

DEFINITION: dict[str, Any] = {
    "fields": [
        {"name": "id", "type": "integer", "required": True, "unique": True},
        {"name": "fare", "type": "number", "max": 190},
        {"name": "driver", "type": "string", "required": True},
        {"name": "_line", "type": "string"},
    ]
}
BODY = 'id,fare,driver,_line\n1,5,Ann,a\n2,250,,=1+1\n3,4\n1,"7","-Bo\nb",@x\n5,1,Eve,e\nx,2,Fay,f\n'
EXPECTED = [
    (3, "fare: 250 is above 190; driver: required and null"),
    (4, "2 fields instead of 4"),
    (5, "id: 1 repeats an earlier row"),
    (8, "id: x is not of type integer"),
]


def run(command_line: CommandLine, out: str, *more: str, body: str = BODY, name: str = "trips.csv") -> Ran:
    (command_line.folder / name).write_bytes(body.encode())
    (command_line.folder / "definition.json").write_text(json.dumps(DEFINITION))
    return command_line.run("check_file", name, "--schema", "definition.json", "--rows", out, *more)


def test_csv_has_one_readable_text_a_row_and_no_formula(bare_command_line: CommandLine) -> None:
    ran = run(bare_command_line, "bad.csv")
    assert ran.code == run_without(bare_command_line).code
    with (bare_command_line.folder / "bad.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["id", "fare", "driver", "_line [7]", "_line", "_findings", "_text"]
    assert [(int(row["_line"]), row["_findings"]) for row in rows] == EXPECTED
    assert [row["_line [7]"] for row in rows] == ["'=1+1", "", "'@x", "f"]
    assert rows[2]["driver"] == "'-Bo\nb"
    assert rows[1]["_text"] == "3,4"


def run_without(command_line: CommandLine) -> Ran:
    return command_line.run("check_file", "trips.csv", "--schema", "definition.json")


def test_raw_leaves_formulas_as_they_are(bare_command_line: CommandLine) -> None:
    run(bare_command_line, "bad.csv", "--raw")
    with (bare_command_line.folder / "bad.csv").open(newline="") as file:
        assert [row["_line [7]"] for row in csv.DictReader(file)] == ["=1+1", "", "@x", "f"]


@pytest.mark.parametrize("out", ["bad.jsonl", "bad.parquet"])
def test_json_and_parquet_have_the_findings_whole(bare_command_line: CommandLine, out: str) -> None:
    run(bare_command_line, out)
    path = bare_command_line.folder / out
    rows = (
        [json.loads(line) for line in path.read_text().splitlines()]
        if out.endswith("jsonl")
        else pq.read_table(path).to_pylist()
    )
    assert [row["_line"] for row in rows] == [line for line, _ in EXPECTED]
    assert [one["rule"] for one in rows[0]["_findings"]] == ["max", "required"]
    assert rows[0]["_line [7]"] == "=1+1"
    assert rows[1]["_findings"][0]["rule"] == "malformed_rows"
    assert (rows[1]["_text"], rows[1]["id"]) == ("3,4", None)


def test_every_row_that_cannot_be_parsed_is_there_and_whole(bare_command_line: CommandLine) -> None:
    long = "9," * 3000
    body = "id,fare,driver,_line\n" + f"{long}\n" * 100
    run(bare_command_line, "bad.jsonl", body=body)
    rows = [json.loads(line) for line in (bare_command_line.folder / "bad.jsonl").read_text().splitlines()]
    assert [(row["_line"], row["_text"]) for row in rows] == [(at, long) for at in range(2, 102)]


def test_typed_files_and_files_nobody_can_read(bare_command_line: CommandLine) -> None:
    table = pa.table({"id": [1, 2], "fare": [5.0, 500.0], "driver": ["a", "b"], "_line": ["a", "b"]})
    pq.write_table(table, bare_command_line.folder / "typed.parquet")
    (bare_command_line.folder / "definition.json").write_text(json.dumps(DEFINITION))
    bare_command_line.run("check_file", "typed.parquet", "--schema", "definition.json", "--rows", "bad.parquet")
    assert pq.read_table(bare_command_line.folder / "bad.parquet")["fare"].to_pylist() == [500.0]
    ran = run(bare_command_line, "none.csv", body="")
    assert (ran.code, (bare_command_line.folder / "none.csv").read_text()) == (1, "_line,_findings,_text\n")


def test_what_cannot_be_meant_is_refused_before_anything_is_read(bare_command_line: CommandLine) -> None:
    assert "expected a name that ends in .csv, .jsonl, .parquet" in run(bare_command_line, "bad.xlsx").err
    assert run(bare_command_line, "nowhere/bad.csv").code == 2
    ran = bare_command_line.run("check_file", "trips.csv", "--rows", "bad.csv")
    assert (ran.code, "--rows needs --schema" in ran.err) == (2, True)


def test_no_file_of_the_command_is_written_over(bare_command_line: CommandLine) -> None:
    ran = run(bare_command_line, "./trips.csv")
    assert (ran.code, "another file of this command" in ran.err) == (2, True)
    assert (bare_command_line.folder / "trips.csv").read_text() == BODY
    assert run(bare_command_line, "bad.jsonl", "--json", "bad.jsonl").code == 2
    ran = bare_command_line.run("check_file", "trips.csv", "--schema", "definition.json", "--json", "definition.json")
    assert (ran.code, json.loads((bare_command_line.folder / "definition.json").read_text())) == (2, DEFINITION)
    ran = bare_command_line.run("check_file", "trips.csv", "--raw")
    assert (ran.code, "--raw is about the rows in --rows" in ran.err) == (2, True)


def test_values_of_json_stay_values_and_texts_have_no_quotes(bare_command_line: CommandLine) -> None:
    body = '{"id":1,"fare":5,"driver":"A","more":1}\n{"id":2,"fare":"x","driver":null,"more":{"a":[1]}}\n[]\n'
    definition = {"fields": DEFINITION["fields"][:3]}
    (bare_command_line.folder / "trips.jsonl").write_text(body)
    (bare_command_line.folder / "json.json").write_text(json.dumps(definition))
    expected = {"id": 2, "fare": "x", "driver": None, "more": {"a": [1]}}
    command = ("check_file", "trips.jsonl", "--schema", "json.json", "--rows")
    bare_command_line.run(*command, "bad.jsonl")
    rows = [json.loads(line) for line in (bare_command_line.folder / "bad.jsonl").read_text().splitlines()]
    assert {name: rows[0][name] for name in expected} == expected
    assert (rows[1]["id"], rows[1]["_text"]) == (None, "[]")
    bare_command_line.run(*command, "bad.csv")
    with (bare_command_line.folder / "bad.csv").open(newline="") as file:
        row = next(csv.DictReader(file))
    assert {name: row[name] for name in expected} == {"id": "2", "fare": "x", "driver": "", "more": '{"a":[1]}'}
    bare_command_line.run(*command, "bad.parquet")
    assert pq.read_table(bare_command_line.folder / "bad.parquet").to_pylist()[0]["fare"] == "x"


def test_infinite_numbers_are_told_in_json_and_a_full_disk_in_words(bare_command_line: CommandLine) -> None:
    table = pa.table({"id": [1], "fare": [float("inf")], "driver": ["a"], "_line": ["a"]})
    pq.write_table(table, bare_command_line.folder / "typed.parquet")
    (bare_command_line.folder / "definition.json").write_text(json.dumps(DEFINITION))
    (bare_command_line.folder / "full.csv").symlink_to("/dev/full")
    command = ("check_file", "typed.parquet", "--schema", "definition.json", "--rows")
    bare_command_line.run(*command, "bad.jsonl")
    assert json.loads((bare_command_line.folder / "bad.jsonl").read_text())["fare"] == "inf"
    ran = bare_command_line.run(*command, "full.csv")
    assert (ran.code, "cannot be written to 'full.csv': No space left on device" in ran.err) == (2, True)
