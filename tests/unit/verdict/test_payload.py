"""The profile payload: complete, bounded, valid JSON, and silent about sensitive values."""

import json
import math
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dq.definitions import load_definition
from dq.profiling.summary.summary import Bin, Example, FileSummary, KeySummary, TopValue
from dq.verdict.json_size import MAX_BYTES, encoded_size, most_bytes
from dq.verdict.verdict import Verdict
from etl_core.storable import JsonText
from tests.reference.summarise import summarise_naively
from tests.reference.tables import Case, csv_tables
from tests.unit.verdict.samples import column, summary, verdict_of

DEFINITION: dict[str, Any] = {
    "fields": [
        {"name": "id", "type": "integer", "unique": True, "required": True},
        {"name": "fare", "type": "number", "min": 0, "max": 90},
        {"name": "pay", "type": "decimal"},
        {"name": "on", "type": "date"},
        {"name": "kind", "type": "string", "enum": ["card"], "pattern": "c.*"},
        {"name": "gone"},
    ]
}


def full_summary() -> FileSummary:
    return summary(
        column("id", type="integer", distinct=90, minimum=1, maximum=100, mean=50.5, stddev=1.5, quantiles={"p50": 50}),
        column(
            "fare",
            nulls=4,
            type="number",
            unparsable=2,
            unparsable_examples=(Example(3, "x"), Example(4, "y")),
            violations={frozenset({"min"}): 3, frozenset({"max"}): 2},
            violation_examples={"min": (Example(5, "-1"),), "max": (Example(6, "91"),)},
            minimum=-1.0,
            maximum=math.inf,
            mean=math.nan,
            histogram=(Bin(-1.0, 45.0, 90), Bin(45.0, 91.0, 4)),
            histogram_error=0.015,
        ),
        column("pay", type="decimal", minimum=Decimal("0.10"), maximum=Decimal("1E+3")),
        column("on", type="date", minimum=date(2024, 1, 2), histogram=(Bin("2024-01-02", "2024-02-01", 100),)),
        column(
            "kind",
            violations={frozenset({"enum", "pattern"}): 1, frozenset({"enum"}): 1},
            violation_examples={"enum": (Example(7, "cash"), Example(8, "dog")), "pattern": (Example(8, "dog"),)},
            top_values=(TopValue("card", 98), TopValue("cash", 1)),
        ),
        column("more", declared=False),
        malformed=2,
        malformed_examples=(Example(9, "1,2"), Example(11, "3")),
        keys=(KeySummary(("id",), 100, 10, (Example(12, "7"),)),),
        missing_columns=("gone",),
        extra_columns=("more",),
        sample_columns=("id", "fare", "pay", "on", "kind", "more"),
        sample_rows=(("1", "2.5", "0.10", "2024-01-02", "card", None),),
        reader="direct",
    )


def payload_of(figures: FileSummary, definition: dict[str, Any] | None = None) -> dict[str, Any]:
    return shown_by(verdict_of(figures, definition or DEFINITION))


def shown_by(verdict: Verdict) -> dict[str, Any]:
    assert not isinstance(verdict.profile_payload, JsonText)
    return dict(verdict.profile_payload)


def test_every_section_is_there_with_its_figures() -> None:
    payload = payload_of(full_summary())
    assert list(payload) == [
        "version",
        "statisticalSummary",
        "completenessOverview",
        "typeFormatIssues",
        "uniquenessOverview",
        "valueDistributions",
        "boundsAnomalies",
        "sampleData",
        "truncated",
    ]
    statistics = payload["statisticalSummary"]
    assert [statistics[key] for key in ("rows", "parsedRows", "malformedRows", "columnCount", "bytes")] == [
        102, 100, 2, 6, 1000,
    ]  # fmt: skip
    by_name = {each["name"]: each for each in statistics["columns"]}
    assert by_name["id"]["p50"] == 50
    assert by_name["id"]["mean"] == 50.5
    assert by_name["fare"]["max"] is None
    assert by_name["fare"]["mean"] is None
    assert (by_name["pay"]["min"], by_name["pay"]["max"]) == ("0.10", "1000")
    assert by_name["on"]["min"] == "2024-01-02"
    assert payload["completenessOverview"]["columns"][1] == {
        "name": "fare", "required": False, "rows": 100, "nulls": 4, "rate": 0.04,
    }  # fmt: skip


def test_issues_name_rows_types_and_columns() -> None:
    issues = payload_of(full_summary())["typeFormatIssues"]
    assert issues["malformedRows"]["count"] == 2
    assert issues["malformedRows"]["examples"][0] == {"line": 9, "value": "1,2"}
    (fare,) = issues["columns"]
    assert (fare["name"], fare["expected"], fare["count"], fare["checked"]) == ("fare", "number", 2, 96)
    assert [example["line"] for example in fare["examples"]] == [3, 4]
    assert (issues["missingColumns"], issues["extraColumns"], issues["repeatedColumns"]) == (["gone"], ["more"], [])


def test_anomalies_are_below_above_or_other() -> None:
    fare, kind = payload_of(full_summary())["boundsAnomalies"]["columns"]
    assert fare["below"] == {"limit": 0.0, "count": 3, "examples": [{"line": 5, "value": "-1"}]}
    assert fare["above"] == {"limit": 90.0, "count": 2, "examples": [{"line": 6, "value": "91"}]}
    assert kind["other"]["count"] == 2
    assert {name: rule["count"] for name, rule in kind["other"]["rules"].items()} == {"enum": 2, "pattern": 1}


def test_keys_are_exact_and_distributions_state_their_error() -> None:
    payload = payload_of(full_summary())
    (key,) = payload["uniquenessOverview"]["keys"]
    assert (key["columns"], key["rows"], key["repeated"], key["rate"], key["exact"]) == (["id"], 100, 10, 0.1, True)
    fare, on, kind = payload["valueDistributions"]["columns"]
    assert (fare["kind"], fare["error"], fare["bins"][0]) == (
        "histogram",
        0.015,
        {"low": -1.0, "high": 45.0, "count": 90},
    )
    assert on["bins"][0]["low"] == "2024-01-02"
    assert kind["values"] == [{"value": "card", "count": 98}, {"value": "cash", "count": 1}]


def test_the_sample_keeps_nulls_apart_from_texts() -> None:
    assert payload_of(full_summary())["sampleData"]["rows"] == [["1", "2.5", "0.10", "2024-01-02", "card", None]]


def test_what_was_cut_is_listed() -> None:
    figures = summary(
        column("kind", unparsable=60, unparsable_examples=tuple(Example(line, "y" * 300) for line in range(25))),
        sample_columns=("kind",),
        sample_rows=tuple(("z" * 300,) for _ in range(60)),
    )
    payload = payload_of(figures, {"fields": [{"name": "kind"}]})
    examples = payload["typeFormatIssues"]["columns"][0]["examples"]
    assert len(examples) == 20
    assert len(examples[0]["value"]) == 200
    assert len(payload["sampleData"]["rows"]) == 50
    assert payload["truncated"] == [
        {"code": "examples", "what": "examples of one kind of offence", "kept": 20, "of": 60},
        {"code": "values", "what": "characters of a value", "kept": 200, "of": 300},
        {"code": "sampleData.rows", "what": "rows in the sample", "kept": 50, "of": 100},
    ]


def test_a_file_that_cannot_be_parsed_has_a_payload_too() -> None:
    payload = payload_of(FileSummary(bytes=7, unreadable="not a Parquet file", missing_columns=("id",)))
    assert payload["typeFormatIssues"]["fileError"] == "not a Parquet file"
    assert payload["typeFormatIssues"]["missingColumns"] == []
    assert payload["statisticalSummary"]["bytes"] == 7


def wide_summary(columns: int) -> FileSummary:
    names = [f"column {number} " + "ü" * 50 for number in range(columns)]
    return summary(
        *(
            column(
                name,
                unparsable=25,
                unparsable_examples=tuple(Example(line, "ö" * 200) for line in range(25)),
                top_values=tuple(TopValue(f"{value}" * 50, 3) for value in range(20)),
            )
            for name in names
        ),
        sample_columns=tuple(names),
        sample_rows=tuple(tuple("ä" * 200 for _ in names) for _ in range(50)),
        extra_columns=tuple(f"extra {number}" for number in range(columns)),
    )


@pytest.mark.parametrize("columns", [1, 10, 50, 400, 5000])
def test_the_payload_never_exceeds_256_kib(columns: int) -> None:
    payload = payload_of(wide_summary(columns), {"fields": [{"name": "a"}]})
    assert len(json.dumps(payload)) <= MAX_BYTES == 262144
    assert payload["statisticalSummary"]["columnCount"] == columns
    assert len(payload["statisticalSummary"]["columns"]) >= min(columns, 80)
    assert payload["truncated"]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
@example(["\x7f" * 50, "é" * 50, "日" * 50, "😀" * 50, '\x00\x1f\n"\\' * 50])
@example([1e16, 1e-7, -1.5e-300, 123456789012345680.0, 1e22, 5e-324, 0.0001, 0.00001])
@example([])
@example(2**64)
def test_the_quick_bound_of_a_payloads_size_holds(value: object) -> None:
    payload = {"": value}
    most = most_bytes(payload)
    assert most is None or encoded_size(payload) <= most


@pytest.mark.parametrize("cell", ["plain", "ö", "nul \x00", "half \ud800", "x" * 201, None])
def test_samples_are_written_the_same_way_whatever_their_neighbours_are(cell: str | None) -> None:
    rows = [("a", "b"), ("a", cell)]
    alone = [payload_of(summary(rows_read=1, sample_columns=("p", "q"), sample_rows=(row,))) for row in rows]
    together = payload_of(summary(rows_read=2, sample_columns=("p", "q"), sample_rows=tuple(rows)))
    assert together["sampleData"]["rows"] == [one["sampleData"]["rows"][0] for one in alone]


def test_samples_shrink_before_any_column_is_left_out() -> None:
    payload = payload_of(wide_summary(50), {"fields": [{"name": "a"}]})
    assert len(payload["statisticalSummary"]["columns"]) == 50
    assert len(payload["sampleData"]["rows"]) < 50
    assert "columns" not in (entry["code"] for entry in payload["truncated"])


def test_the_same_summary_gives_the_same_bytes() -> None:
    assert json.dumps(payload_of(full_summary())) == json.dumps(payload_of(full_summary()))


CANARY = "4111-1111"


def test_sensitive_values_appear_nowhere() -> None:
    definition = {
        "fields": [
            {
                "name": "card", "type": "string", "sensitive": True, "enum": ["x"], "minLength": 99, "required": True,
                "pattern": "[a-z]+",
            },
            {"name": "open", "type": "string"},
        ],
        "uniqueKeys": [["card", "open"]],
    }  # fmt: skip
    examples = (Example(3, CANARY),)
    figures = summary(
        column(
            "card",
            nulls=1,
            unparsable=1,
            unparsable_examples=examples,
            violations={frozenset({"enum", "minLength", "pattern"}): 5},
            violation_examples={"enum": examples, "minLength": examples, "pattern": examples},
            minimum=CANARY,
            maximum=CANARY,
            mean=41111111.0,
            stddev=41111111.0,
            quantiles={"p50": CANARY},
            top_values=(TopValue(CANARY, 5),),
        ),
        column("open", top_values=(TopValue("fine", 5),)),
        keys=(KeySummary(("card", "open"), 99, 5, examples),),
        sample_columns=("card", "open"),
        sample_rows=((CANARY, "fine"), (None, "fine")),
        malformed=1,
        malformed_examples=(Example(9, f"{CANARY},a,b"),),
    )
    verdict = verdict_of(figures, definition)
    written = json.dumps(
        [
            verdict.metrics,
            verdict.failed_validation_message,
            verdict.failed_validation_rules,
            verdict.profile_payload,
        ]
    )
    assert CANARY not in written
    assert "41111111" not in written
    assert shown_by(verdict)["sampleData"]["rows"] == [["***", "fine"], [None, "fine"]]
    assert shown_by(verdict)["typeFormatIssues"]["malformedRows"]["examples"] == [{"line": 9, "value": "***"}]
    assert "first at line 9" in (verdict.failed_validation_message or "")
    assert {rule["rule"] for rule in verdict.failed_validation_rules} >= {
        "enum",
        "minLength",
        "unique",
        "malformed_rows",
    }


def test_columns_nobody_declared_are_masked_where_a_sensitive_field_is_not_in_the_file() -> None:
    """A file without its header, or with the field's name misspelt: any stranger may be the sensitive column."""
    stranger = f"{CANARY} of the first row"
    figures = summary(
        column(stranger, declared=False, minimum=CANARY, maximum=CANARY, top_values=(TopValue(CANARY, 5),)),
        column("open", top_values=(TopValue("fine", 5),)),
        missing_columns=("card",),
        extra_columns=(stranger,),
        repeated_columns=(stranger,),
        sample_columns=(stranger, "open"),
        sample_rows=((CANARY, "fine"),),
    )
    definition = {"fields": [{"name": "card", "sensitive": True}, {"name": "open"}], "strict": True}
    verdict = verdict_of(figures, definition)
    written = json.dumps(
        [verdict.metrics, verdict.failed_validation_message, verdict.failed_validation_rules, verdict.profile_payload]
    )
    assert CANARY not in written
    assert "card" in written, "the name of the field itself is no secret"
    assert shown_by(verdict)["sampleData"]["rows"] == [["***", "fine"]]
    known = json.dumps(payload_of(figures, {**definition, "fields": [{"name": "card"}, {"name": "open"}]}))
    assert CANARY in known


def test_a_column_that_repeats_a_sensitive_name_is_masked_too() -> None:
    again = replace(
        column("card [3]", declared=False, minimum=CANARY, top_values=(TopValue(CANARY, 5),)), repeats="card"
    )
    figures = summary(
        column("card"),
        again,
        repeated_columns=("card",),
        sample_columns=("card", "card [3]"),
        sample_rows=(("secret", CANARY),),
    )
    verdict = verdict_of(figures, {"fields": [{"name": "card", "sensitive": True}], "strict": True})
    assert CANARY not in json.dumps([verdict.failed_validation_rules, verdict.profile_payload])
    assert CANARY in json.dumps(payload_of(figures, {"fields": [{"name": "card"}]}))


def test_the_raw_rows_are_shown_where_nothing_is_sensitive() -> None:
    figures = summary(column("a"), malformed=1, malformed_examples=(Example(9, f"{CANARY},b"),))
    assert CANARY in json.dumps(payload_of(figures, {"fields": [{"name": "a"}]}))


@given(csv_tables())
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_every_payload_is_valid_json_and_loses_no_row(case: Case) -> None:
    definition = {**case.definition}
    load_definition(definition)
    figures = summarise_naively(case.data, case.definition, case.kind)
    payload = payload_of(figures, definition)
    again = json.loads(json.dumps(payload, allow_nan=False))
    assert again == payload
    statistics = payload["statisticalSummary"]
    assert statistics["rows"] == statistics["parsedRows"] + payload["typeFormatIssues"]["malformedRows"]["count"]
