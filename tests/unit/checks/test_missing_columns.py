"""What is said of a column that is not there: what the file has in its place."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dq.profiling.summary.summary import Example
from tests.unit.verdict.samples import column, summary, verdict_of

FIELDS: dict[str, Any] = {"fields": [{"name": "ID"}, {"name": "name"}, {"name": "city"}]}


def details(*names: str, definition: dict[str, Any] = FIELDS, **figures: Any) -> str:  # noqa: ANN401
    """Give the sentence on the schema of a CSV file whose header has these names."""
    declared = [field["name"] for field in definition["fields"]]
    columns = [column(name, declared=name in declared) for name in names]
    missing = tuple(name for name in declared if name not in names)
    verdict = verdict_of(summary(*columns, missing_columns=missing, **figures), definition)
    sentence = verdict.metrics["schemaValidation"]["details"]
    message = verdict.failed_validation_message or ""
    assert "schemaValidation" in message
    return str(sentence)


@pytest.mark.parametrize(
    ("names", "hint"),
    [
        (["id;name;city"], "the header is id;name;city (1 column: is the delimiter ';'?); declare it as csv.delimiter"),
        (["ID\tname\tcity"], "(1 column: is the delimiter a tab?)"),
        (["ID|name", "city|x"], "(2 columns: is the delimiter '|'?)"),
        (["sep=;"], "the first line is sep=;, for spreadsheets: remove it and declare csv.delimiter ';'"),
        (["sep=", ""], "the first line is sep=,, for spreadsheets: remove it."),
        (["1", "Ann", "Oslo"], "the header is 1,Ann,Oslo, which looks like a row of values: has the file no header?"),
        (["Report", "", ""], "the header is Report (1 name: is it a title? then remove the lines above the header)"),
        (["Id", "name", "city"], 'ID is missing (did you mean "Id"?).'),
        (["ID", "na me", "City"], 'name is missing (did you mean "na me"?), city is missing (did you mean "City"?).'),
        (["ID", "nme", "city"], 'name is missing (did you mean "nme"?)'),
        (["ID", "name\u200b", "city"], 'name is missing (did you mean "name<U+200B>"?)'),
        (["ID", "na\u00adme", "ci\nty"], '"na<U+00AD>me"?), city is missing (did you mean "ci<U+000A>ty"?)'),
        (["ID", "\u00a0name", "city"], '(did you mean "<U+00A0>name"?)'),
        (["ID", "age, years", "city"], 'the header is ID,"age, years",city (3 columns)'),
        (["ID", "age", "city"], "name is missing; the header is ID,age,city (3 columns)"),
    ],
)  # fmt: skip
def test_a_missing_column_says_what_the_header_has(names: list[str], hint: str) -> None:
    assert hint in details(*names)


def test_names_that_differ_only_in_their_unicode_form_are_told_apart() -> None:
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    definition = {"fields": [{"name": composed}]}
    assert (
        'did you mean "cafe<U+0301>"? the file writes it with decomposed letters, the definition with composed ones'
        in details(decomposed, definition=definition)
    )


def test_the_line_that_holds_the_names_is_named_where_a_title_stands_above_it() -> None:
    malformed = (Example(3, "ID,name,city", "3 fields instead of 1"),)
    assert "which looks like a title: line 3 holds the names of the fields" in details(
        "Report of May", malformed=1, malformed_examples=malformed
    )


@pytest.mark.parametrize(("rows", "told"), [(2, True), (3, False)])
def test_rows_of_the_sample_tell_of_a_title_only_where_all_rows_are_there(rows: int, told: bool) -> None:  # noqa: FBT001
    names = ("Report", "", "x")
    columns = [column(name, rows=rows, declared=False) for name in names]
    shown = (("ID", "name", "city"), ("1", "Ann", "Oslo"))
    figures = summary(*columns, missing_columns=("ID", "name", "city"), sample_columns=names, sample_rows=shown)
    sentence = verdict_of(figures, FIELDS).metrics["schemaValidation"]["details"]
    assert ("a row below it holds the names of the fields" in sentence) is told


def test_a_title_with_a_semicolon_is_no_header_of_another_delimiter() -> None:
    malformed = (Example(2, "ID,name,city", "3 fields instead of 1"),)
    sentence = details("Rides; May 2026", malformed=1, malformed_examples=malformed)
    assert "delimiter" not in sentence
    assert "line 2 holds the names of the fields" in sentence


def test_a_column_of_which_nothing_else_can_be_the_missing_one_has_no_hint() -> None:
    assert details("ID", "name") == "1 of 3 declared fields fails: city is missing."


def test_columns_of_other_formats_are_not_called_a_header() -> None:
    figures = summary(column("idd", physical="json", declared=False), missing_columns=("name",))
    verdict = verdict_of(figures, {"fields": [{"name": "name"}]})
    assert verdict.failed_validation_message == "schemaValidation (-40): name is missing; its columns are idd"


def test_a_header_that_may_be_values_is_not_told_where_a_sensitive_field_is_missing() -> None:
    definition = {"fields": [{"name": "ssn", "sensitive": True}, {"name": "nam"}]}
    columns = [column("123-45-6789", declared=False), column("name", declared=False)]
    malformed = (Example(2, "ssn;nam", "1 field instead of 2"),)
    figures = summary(
        *columns, missing_columns=("ssn", "nam"), extra_columns=("123-45-6789", "name"), malformed=1,
        malformed_examples=malformed,
    )  # fmt: skip
    verdict = verdict_of(figures, definition)
    told = json.dumps([verdict.metrics, verdict.failed_validation_message])
    assert "123" not in told
    assert "did you mean" not in told
    assert "the file has 2 undeclared columns, their names are hidden because a sensitive field is missing" in told


def test_of_a_hidden_header_of_one_column_only_the_delimiter_is_doubted() -> None:
    definition = {"fields": [{"name": "ssn", "sensitive": True}, {"name": "nam"}]}
    figures = summary(column("ssn;nam", declared=False), missing_columns=("ssn", "nam"), extra_columns=("ssn;nam",))
    sentence = verdict_of(figures, definition).metrics["schemaValidation"]["details"]
    assert sentence.endswith("hidden because a sensitive field is missing; is the delimiter right?")


def test_the_hint_on_the_file_is_said_once() -> None:
    names = [f"x{number}" for number in range(30)]
    definition = {"fields": [{"name": f"field{number}"} for number in range(30)]}
    figures = summary(*(column(name, declared=False) for name in names),
                      missing_columns=tuple(field["name"] for field in definition["fields"]))  # fmt: skip
    message = verdict_of(figures, definition).failed_validation_message or ""
    assert message.count("; the header is x0,x1,x2,x3,x4,x5,x6,x7 and 22 more (30 columns)") == 1
