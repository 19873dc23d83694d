"""Files as agencies send them: the verdict, and words somebody can act on, whichever lane reads them."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from dq.definitions import load_definition
from dq.engine.profile_files import judge_sources
from dq.engine.source_file import SourceObject
from dq.verdict.verdict import Verdict
from etl_core.errors import PipelineError
from etl_core.objects.store import ObjectStore
from etl_core.storable import json_text

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

THREE = {"fields": [{"name": "id", "type": "integer"}, {"name": "name"}, {"name": "city"}]}


@dataclass
class Judge:
    """Judges a text as a file, here or on Spark."""

    folder: Path
    spark: SparkSession | None
    reader: str

    def __call__(self, text: bytes, definition: dict[str, Any] | None = None, name: str = "input.csv") -> Verdict:
        path = self.folder / name
        path.write_bytes(text)
        store = ObjectStore()
        loaded = load_definition(definition) if definition else None
        source = SourceObject(0, store.peek(None, str(path)), loaded)
        found = judge_sources([source], store=store, spark=self.spark, reader=self.reader)[0]
        assert not isinstance(found, PipelineError), found
        return found.verdict


@pytest.fixture(params=["direct", "spark"])
def judge(request: pytest.FixtureRequest, tmp_path: Path) -> Judge:
    """By byte ranges in this process, and by Spark's readers where they read the file."""
    spark = request.getfixturevalue("spark") if request.param == "spark" else None
    return Judge(tmp_path, spark, request.param)


def payload(verdict: Verdict) -> dict[str, Any]:

    loaded: dict[str, Any] = json.loads(json_text(verdict.profile_payload))
    return loaded


def test_every_malformed_row_says_why(judge: Judge) -> None:
    text = b'id,name,city\n1,Ann\n2,Bob,Oslo,x\n3,J\xf6rg,Rome\n4,Eve,Bonn\n5,"open,Bern\n6,Pia,Wien\n'
    found = payload(judge(text, THREE))["typeFormatIssues"]["malformedRows"]
    assert found["count"] == 4
    assert found["reasons"] == {
        "2 fields instead of 3": 1,
        "4 fields instead of 3": 1,
        "not UTF-8 (declare csv.encoding; it looks like windows-1252)": 1,
        "quote opened and never closed": 1,
    }
    (rule,) = judge(text, THREE).failed_validation_rules
    assert rule["reasons"] == found["reasons"]
    assert [example["reason"].split(" (")[0] for example in found["examples"]] == [
        "2 fields instead of 3", "4 fields instead of 3", "not UTF-8", "quote opened and never closed",
    ]  # fmt: skip


def test_sparks_readers_give_the_reasons_too(judge: Judge) -> None:
    """Without a quote that stays open, which is left to byte ranges."""
    verdict = judge(b"id,name,city\n1,Ann\n2,Bob,Oslo,x\n3,J\xf6rg,Rome\n" + b"4,Eve,Bonn\n" * 5, THREE)
    assert payload(verdict)["statisticalSummary"]["reader"] == judge.reader
    assert sorted(payload(verdict)["typeFormatIssues"]["malformedRows"]["reasons"].values()) == [1, 1, 1]
    assert "2 fields instead of 3 (1)" in (verdict.failed_validation_message or "")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"[1]", "not a JSON object"),
        (b"nope", "not JSON"),
        (b"{", "an object over several lines: write one object a line, or an array"),
        (b'{"a": "\xff"}', "not UTF-8 (it looks like windows-1252; convert the file)"),
        (b'{"a": "\x81"}', "not UTF-8 (convert the file)"),
        (b'"a": 1,', "an object over several lines: write one object a line, or an array"),
        (b"}", "an object over several lines: write one object a line, or an array"),
        (b'{"a": 1},', "a comma behind the object: write one object a line, without commas between them"),
        (b'{"a": 1} {"a": 2}', "several objects on one line: write one object a line"),
        (b"{'a': 1}", "not JSON: names and texts stand in double quotes"),
        (b'{"a": NaN}', "not JSON: NaN and Infinity are no numbers of JSON, write null"),
    ],
)
def test_lines_that_are_no_json_objects_say_why(judge: Judge, line: bytes, reason: str) -> None:
    verdict = judge(b'{"a": 1}\n' + line + b'\n{"a": 2}\n', {"fields": [{"name": "a"}]}, "input.jsonl")
    assert payload(verdict)["typeFormatIssues"]["malformedRows"]["reasons"] == {reason: 1}
    assert (verdict.failed_validation_message or "").startswith(
        f"formatParsing (-11.67): 1 of 3 rows cannot be parsed: {reason}; "
    )


def test_elements_of_an_array_that_are_no_objects_say_why(judge: Judge) -> None:
    verdict = judge(b'[{"a": 1}, , 2, {"a": NaN}, {"b"}]', {"fields": [{"name": "a"}]}, "input.json")
    assert payload(verdict)["typeFormatIssues"]["malformedRows"]["reasons"] == {
        "nothing between two commas": 1,
        "not a JSON object": 1,
        "not JSON: NaN and Infinity are no numbers of JSON, write null": 1,
        "not JSON": 1,
    }


def test_a_row_that_is_not_utf8_says_so_whatever_its_number_of_fields(judge: Judge) -> None:
    verdict = judge(b"id,name,city\n1,J\xf6rg\n2,Ann,Oslo\n", THREE)
    assert payload(verdict)["statisticalSummary"]["reader"] == judge.reader
    reasons = payload(verdict)["typeFormatIssues"]["malformedRows"]["reasons"]
    assert reasons == {"not UTF-8 (declare csv.encoding; it looks like windows-1252)": 1}


def test_where_no_row_could_be_parsed_nothing_else_is_claimed(judge: Judge) -> None:
    definition = {
        "csv": {"delimiter": ";"},
        "fields": [{"name": "id", "type": "integer", "unique": {"value": True, "severity": "critical"}}],
        "scoring": {"passScore": 10},
    }
    verdict = judge(b"id;v\n1;a;\n1;a;\n", definition)
    assert {name: (one["status"], one["passed"]) for name, one in verdict.metrics.items()} == {
        "schemaValidation": ("not_run", False),
        "formatParsing": ("failed", False),
        "completeness": ("not_run", True),
        "boundsRange": ("not_run", True),
        "uniqueness": ("not_run", False),
    }
    assert (verdict.score, verdict.passed) == (65, False)


@pytest.mark.parametrize("value", ["07307", "+4915112345678", "1234567890123456789"])
def test_without_a_definition_what_a_number_would_lose_is_text(judge: Judge, value: str) -> None:
    verdict = judge(f"zip,n\n{value},1\n7307,-2\n10001,0\n".encode())
    zips, numbers = payload(verdict)["statisticalSummary"]["columns"]
    assert (zips["type"], numbers["type"]) == ("string", "integer")
    assert value in [one["value"] for one in payload(verdict)["valueDistributions"]["columns"][0]["values"]]


def test_a_page_saved_as_csv_is_named(judge: Judge) -> None:
    verdict = judge(b"<!DOCTYPE html>\n<html>\n<body><h1>403 Forbidden</h1></body>\n</html>\n", name="login.csv")
    assert (verdict.score, verdict.deductions["format"]) == (65, 35)
    assert "the file is an HTML page" in (verdict.failed_validation_message or "")


def test_a_zip_of_one_file_gets_the_verdict_of_that_file(judge: Judge) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("folder/trips.csv", "id,name,city\n" + "1,Ann,Oslo\n" * 20_000 + "x,Bob,Rome\n")
    verdict = judge(file.getvalue(), THREE, "trips.zip")
    assert verdict.metrics["schemaValidation"]["failed"] == 1
    assert payload(verdict)["statisticalSummary"]["rows"] == 20_001


def test_required_nulls_say_in_which_rows(judge: Judge) -> None:
    """By line where the reader knows lines, and by the row's key."""
    definition = {
        "fields": [
            {"name": "id", "type": "integer", "required": True, "unique": True},
            {"name": "driver", "required": True},
            {"name": "zone", "required": True},
        ]
    }
    verdict = judge(b"id,driver,zone\n1,a,x\n2,,\n3,,y\n,d,z\n", definition)
    metric = verdict.metrics["completeness"]
    assert metric["rowsWithNulls"] == 3
    assert metric["details"] == (
        "75.0% of rows have nulls in required fields: driver (2 of 4), id (1 of 4), zone (1 of 4)."
    )
    shown = {rule["column"]: rule["examples"] for rule in verdict.failed_validation_rules}
    assert [(one["value"], one["reason"]) for one in shown["driver"]] == [("id=2", "null"), ("id=3", "null")]
    assert [one["value"] for one in shown["id"]] == [""]
    if judge.reader == "direct":
        assert [one["line"] for one in shown["driver"]] == [3, 4]
        assert 'driver is required and null in 2 of 4 rows; first at line 3: "id=2" (null)' in str(
            verdict.failed_validation_message
        )


def test_a_sensitive_key_does_not_name_rows(judge: Judge) -> None:
    definition = {
        "fields": [
            {"name": "ssn", "unique": True, "sensitive": True},
            {"name": "driver", "required": True},
        ]
    }
    verdict = judge(b"ssn,driver\n123-45-6789,\n987-65-4321,x\n", definition)
    assert "123-45" not in json.dumps([verdict.failed_validation_rules, verdict.metrics, payload(verdict)])
    assert "123-45" not in str(verdict.failed_validation_message)


def test_rows_without_any_key_are_told_by_their_line_alone(judge: Judge) -> None:
    definition = {"fields": [{"name": "id", "unique": True}, {"name": "driver", "required": True}]}
    verdict = judge(b"id,driver\n,\n,a\n", definition)
    (rule,) = verdict.failed_validation_rules
    assert [one["value"] for one in rule["examples"]] == ["id=null"]


MIXED = {
    "fields": [
        {"name": "fare", "type": "number"},
        {"name": "ok", "type": "boolean"},
        {"name": "day", "type": "date"},
        {"name": "zone", "type": "string"},
    ]
}


def test_a_value_of_another_json_type_is_called_what_it_is(judge: Judge) -> None:
    text = (
        b'{"fare": "2.5", "ok": {"a": 1}, "day": 20240101, "zone": true}\n'
        b'{"fare": 3, "ok": true, "day": "2024-01-01", "zone": "a"}\n'
    )
    verdict = judge(text, MIXED, "mixed.jsonl")
    message = verdict.failed_validation_message or ""
    assert 'fare has 1 of 2 values that are not of type number; first at line 1: the text "2.5"' in message
    assert 'first at line 1: the object {"a":1}' in message
    assert "first at line 1: the number 20240101" in message
    assert "first at line 1: the truth value true" in message
    shown = {rule["column"]: rule["examples"] for rule in verdict.failed_validation_rules}
    assert shown["fare"] == [{"line": 1, "value": "2.5", "reason": "text"}]


def test_a_text_column_of_a_typed_file_has_its_values_as_examples(judge: Judge) -> None:
    written = io.BytesIO()
    pq.write_table(
        pa.table({"fare": ["2.5", "3"], "ok": [True, False], "day": ["x", "y"], "zone": ["a", "b"]}), written
    )
    verdict = judge(written.getvalue(), MIXED, "mixed.parquet")
    message = verdict.failed_validation_message or ""
    assert "fare is of type string, expected number" in message
    assert 'the text "2.5"' in message
    assert all(rule["examples"] for rule in verdict.failed_validation_rules)


def test_small_files_counted_together_say_the_same_of_their_texts(tmp_path: Path) -> None:
    """Parquet files of one layout, and files of JSON, each judged alone and beside others."""
    store = ObjectStore()
    sources = []
    for number in range(6):
        path = tmp_path / f"{number}.jsonl"
        path.write_text(f'{{"fare": "{number}.5", "ok": true, "day": "2024-01-01", "zone": "a"}}\n')
        sources.append(SourceObject(number, store.peek(None, str(path)), load_definition(MIXED)))
    found = judge_sources(sources, store=store)
    for number in range(6):
        one = found[number]
        assert not isinstance(one, PipelineError), one
        assert f'the text "{number}.5"' in (one.verdict.failed_validation_message or "")


def two_sheets(*, hidden: bool) -> bytes:
    """A workbook of the sheets _lists and Data."""
    written = io.BytesIO()
    with xlsxwriter.Workbook(written, {"in_memory": True}) as book:
        lists, data = book.add_worksheet("_lists"), book.add_worksheet("Data")
        if hidden:
            data.activate()
            lists.hide()
        lists.write_column("A1", ["code", "A"])
        data.write_row("A1", ["id", "fare"])
        data.write_row("A2", [1, 2.5])
    return written.getvalue()


@pytest.mark.parametrize(
    ("hidden", "named", "told"),
    [
        (False, None, "; sheet '_lists' was read; the workbook also has 'Data': declare sheet to read another."),
        (
            True,
            "_lists",
            "; sheet '_lists' (hidden) was read; the workbook also has 'Data': declare sheet to read another.",
        ),
        (True, None, None),
    ],
)
def test_a_column_that_is_missing_in_a_sheet_may_be_in_another(
    tmp_path: Path,
    hidden: bool,  # noqa: FBT001 - a case
    named: str | None,
    told: str | None,
) -> None:
    definition = {"fields": [{"name": "id"}, {"name": "fare"}], **({"sheet": named} if named else {})}
    details = Judge(tmp_path, None, "direct")(two_sheets(hidden=hidden), definition, "rides.xlsx").metrics[
        "schemaValidation"
    ]["details"]
    assert (told is None and "missing" not in details) or (told is not None and details.endswith(told))
