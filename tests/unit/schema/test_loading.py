"""Definitions in every accepted spelling mean the same; broken ones report everything at once."""

import json
from datetime import date, datetime, time
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dq.definitions import definition_or_none, load_definition
from dq.errors import DefinitionError
from dq.schema.definition import FieldType, KeyDefinition, Rule, SchemaDefinition, ScoringMode, Severity

CANONICAL: dict[str, Any] = {
    "format": "csv",
    "strict": True,
    "fields": [
        {"name": "id", "type": "integer", "required": True, "unique": True},
        {"name": "on", "type": "date", "format": "%d.%m.%Y", "min": "01.02.2020"},
        {"name": "fare", "type": "number", "min": 0, "max": 190.5},
        {"name": "payment", "type": "string", "enum": ["card", "cash"], "minLength": 4},
        {"name": "code", "type": "string", "pattern": "[A-Z]{3}", "sensitive": True},
    ],
    "primaryKey": ["id"],
    "uniqueKeys": [["payment", "code"]],
    "missingValues": ["", "NA"],
    "scoring": {"mode": "by_rule", "passScore": 72.5, "weights": {"bounds": 12.5}},
}

SPELLINGS: list[dict[str, Any]] = [
    {**{key: value for key, value in CANONICAL.items() if key != "fields"}, "columns": CANONICAL["fields"]},
    {
        "format": ".CSV",
        "strict": True,
        "columns": {
            "id": {"type": "BIGINT", "nullable": False},
            " on ": {"type": "date", "format": "%d.%m.%Y", "constraints": {"minimum": "2020-02-01"}},
            "fare": {"type": "double", "constraints": {"minimum": {"value": "0"}, "maximum": 190.5}},
            "payment": {"type": "varchar", "enum": ["cash", "card"], "min_length": 4.0},
            "code": {"type": "uuid", "constraints": {"pattern": "[A-Z]{3}"}, "sensitive": True, "title": "no effect"},
        },
        "primary_key": "id",
        "unique_keys": [{"fields": ["code", "payment"]}],
        "missing_values": ["NA", "", "NA"],
        "scoring": {"mode": "By-Rule", "pass_score": 72.5, "weights": {"boundsRange": 12.5}},
        "description": "no effect either",
    },
]


def field(definition: SchemaDefinition, name: str) -> Any:  # noqa: ANN401
    return next(field for field in definition.fields if field.name == name)


def problems_of(raw: object) -> list[str]:
    with pytest.raises(DefinitionError) as caught:
        load_definition(raw)
    return list(caught.value.problems)


def test_the_canonical_form_is_read_in_full() -> None:
    definition = load_definition(CANONICAL)
    assert definition.format == "csv"
    assert definition.strict
    assert [each.name for each in definition.fields] == ["id", "on", "fare", "payment", "code"]
    assert field(definition, "id").required == Rule(value=True)
    assert dict(field(definition, "on").bounds) == {"min": Rule(date(2020, 2, 1))}
    assert dict(field(definition, "fare").bounds) == {"min": Rule(0.0), "max": Rule(190.5)}
    assert dict(field(definition, "payment").bounds) == {"enum": Rule(("card", "cash")), "minLength": Rule(4)}
    assert field(definition, "code").sensitive
    assert definition.keys == (KeyDefinition(("id",)), KeyDefinition(("payment", "code")))
    assert definition.missing_values == ("", "NA")
    assert definition.scoring.mode is ScoringMode.BY_RULE
    assert definition.scoring.pass_score == Fraction(145, 2)
    assert dict(definition.scoring.weights)["bounds"] == Fraction(25, 2)
    assert dict(definition.scoring.weights)["schema"] == 40
    assert definition.warnings == ()


@pytest.mark.parametrize("raw", SPELLINGS)
def test_another_spelling_has_the_same_fingerprint(raw: dict[str, Any]) -> None:
    assert load_definition(raw).fingerprint == load_definition(CANONICAL).fingerprint


def test_text_and_bytes_load_like_parsed_json() -> None:
    text = json.dumps(CANONICAL)
    for raw in (text, text.encode(), text.encode("utf-8-sig")):
        assert load_definition(raw) == load_definition(CANONICAL)


@pytest.mark.parametrize(
    "change",
    [
        {"strict": False},
        {"missingValues": [""]},
        {"format": None},
        {"uniqueKeys": []},
        {"csv": {"delimiter": ";"}},
        {"csv": {"header": False}},
        {"scoring": {}},
        {"fields": CANONICAL["fields"][::-1]},
        {"fields": [*CANONICAL["fields"], {"name": "more"}]},
        {"silver": {}},
        {"silver": {"drop": ["code"]}},
    ],
)
def test_another_meaning_has_another_fingerprint(change: dict[str, Any]) -> None:
    assert load_definition({**CANONICAL, **change}).fingerprint != load_definition(CANONICAL).fingerprint


def test_the_silver_block_is_carried_along_whatever_stands_in_it() -> None:
    """Its keys have no order, as in a database, and its numbers are what they are called, however they are written."""
    block = '{"b": [1.0, 0.010, 1e-30, -0.0, 1e3], "a": {"z": "\u00e9", "y": null}}'
    text = f'{{"fields": [{{"name": "a"}}], "silver": {block}}}'
    definition = load_definition(text)
    assert definition.silver == '{"a":{"y":null,"z":"\\u00e9"},"b":[1,0.01,1E-30,0,1000]}'
    assert load_definition(json.loads(text)) == definition
    assert definition.warnings == ()
    assert load_definition({"fields": [{"name": "a"}], "silver": None}).silver is None
    assert load_definition({"fields": [{"name": "a"}]}).silver is None


def test_a_huge_exponent_in_the_silver_block_costs_nothing() -> None:
    definition = load_definition('{"fields": [{"name": "a"}], "silver": {"a": 1.50e999999, "b": -1e-999999}}')
    assert definition.silver == '{"a":1.5E+999999,"b":-1E-999999}'


@pytest.mark.parametrize("raw", [None, {}, "", "  ", "null", "{}", b"", b"\xef\xbb\xbf{}"])
def test_nothing_and_an_empty_object_are_no_definition(raw: object) -> None:
    assert definition_or_none(raw) is None


def test_there_is_a_definition_when_it_says_anything() -> None:
    assert definition_or_none({"csv": {"delimiter": ";"}}) is not None


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("varchar(20)", "string"),
        ("character varying(20)", "string"),
        ("UUID", "string"),
        ("int64", "integer"),
        ("bigint unsigned", "integer"),
        ("double precision", "number"),
        ("float", "number"),
        ("decimal(10, 2)", "decimal"),
        ("NUMERIC", "decimal"),
        ("bool", "boolean"),
        ("timestamp", "datetime"),
        ("timestamp(6) with time zone", "datetime"),
        ("timestamp[us, tz=UTC]", "datetime"),
        ("datetime64[ns]", "datetime"),
        ("array<map<string,int>>", "array"),
        ("text[]", "array"),
        ("struct<a:int>", "object"),
        ("any", "any"),
    ],
)
def test_types_of_other_languages_are_understood(name: str, kind: str) -> None:
    assert load_definition({"fields": [{"name": "a", "type": name}]}).fields[0].type is FieldType(kind)


def test_a_length_in_a_type_name_is_a_warning() -> None:
    (warning,) = load_definition({"fields": [{"name": "a", "type": "varchar(20)"}]}).warnings
    assert "varchar(20)" in warning


def test_a_field_without_a_type_takes_any_value() -> None:
    assert load_definition({"fields": [{"name": "a"}]}).fields[0].type is FieldType.ANY


@pytest.mark.parametrize(
    ("specification", "value"),
    [
        ({"type": "integer", "min": "7"}, 7),
        ({"type": "integer", "min": 7.0}, 7),
        ({"type": "number", "min": 7}, 7.0),
        ({"type": "decimal", "min": 0.1}, Decimal("0.1")),
        ({"type": "decimal", "min": "0.10"}, Decimal("0.10")),
        ({"type": "date", "min": "2020-01-02"}, date(2020, 1, 2)),
        ({"type": "date", "format": "%m/%d/%Y", "min": "01/02/2020"}, date(2020, 1, 2)),
        ({"type": "date", "format": "%m/%d/%Y", "min": "2020-01-02"}, date(2020, 1, 2)),
        ({"type": "datetime", "min": "2020-01-02"}, datetime.fromisoformat("2020-01-02T00:00:00")),
        ({"type": "datetime", "min": "2020-01-02T01:00:00+01:00"}, datetime.fromisoformat("2020-01-02T00:00:00")),
        ({"type": "time", "min": "12:00:00"}, time(12)),
        ({"type": "string", "min": "b"}, "b"),
    ],
)
def test_a_limit_is_typed_as_its_field(specification: dict[str, Any], value: object) -> None:
    ((_, rule),) = load_definition({"fields": [{"name": "a", **specification}]}).fields[0].bounds
    assert rule.value == value
    assert type(rule.value) is type(value)


@pytest.mark.parametrize(
    ("kind", "listed", "values"),
    [
        ("integer", [1, "2", 1.0, "01"], (1, 2)),
        ("boolean", [True, "0"], (True, False)),
        ("boolean", [1], (True,)),
        ("string", [1, "a"], ("1", "a")),
        ("date", ["2020-01-01"], (date(2020, 1, 1),)),
        ("any", ["x", 5], ("x", "5")),
    ],
)
def test_allowed_values_are_typed_as_their_field(kind: str, listed: list[Any], values: tuple[Any, ...]) -> None:
    ((_, rule),) = load_definition({"fields": [{"name": "a", "type": kind, "enum": listed}]}).fields[0].bounds
    assert rule.value == values
    assert [type(value) for value in rule.value] == [type(value) for value in values]


def test_a_constraint_may_carry_its_own_tolerance() -> None:
    definition = load_definition(
        """{"fields": [{
            "name": "a", "type": {"value": "integer", "threshold": 0.02}, "threshold": 0.01, "severity": "warning",
            "required": {"value": true, "severity": "Critical"}, "min": {"value": 0, "threshold": 0.1}, "max": 5,
            "unique": true
        }]}"""
    )
    (only,) = definition.fields
    assert (only.threshold, only.severity) == (Fraction(1, 50), Severity.WARNING)
    assert only.required == Rule(value=True, threshold=Fraction(1, 100), severity=Severity.CRITICAL)
    assert dict(only.bounds) == {
        "min": Rule(0, Fraction(1, 10), Severity.WARNING),
        "max": Rule(5, Fraction(1, 100), Severity.WARNING),
    }
    assert definition.keys == (KeyDefinition(("a",), Fraction(1, 100), Severity.WARNING),)


def test_the_same_columns_are_one_key_however_often_declared() -> None:
    definition = load_definition(
        {
            "fields": [{"name": "a", "unique": True}, {"name": "b"}],
            "primaryKey": "a",
            "uniqueKeys": [["a"], "a", ["a", "b"], ["b", "a"]],
        }
    )
    assert definition.keys == (KeyDefinition(("a",)), KeyDefinition(("a", "b")))


def test_a_tolerance_of_a_key_holds_over_a_declaration_without_one() -> None:
    definition = load_definition(
        {"fields": [{"name": "a", "unique": {"value": True, "threshold": 0.5}}], "primaryKey": ["a"]}
    )
    assert definition.keys == (KeyDefinition(("a",), Fraction(1, 2)),)
    assert definition.warnings == ()


def test_of_two_tolerances_of_a_key_the_stricter_holds_with_a_warning() -> None:
    definition = load_definition(
        {
            "fields": [{"name": "a", "unique": {"value": True, "threshold": 0.5, "severity": "warning"}}],
            "primaryKey": {"value": ["a"], "threshold": 0.1, "severity": "critical"},
        }
    )
    assert definition.keys == (KeyDefinition(("a",), Fraction(1, 10), Severity.CRITICAL),)
    assert "stricter" in definition.warnings[0]


def test_fields_of_the_primary_key_are_required_with_the_tolerance_of_the_field() -> None:
    definition = load_definition({"fields": [{"name": "a", "threshold": 0.5}, {"name": "b"}], "primaryKey": ["a"]})
    assert field(definition, "a").required == Rule(value=True, threshold=Fraction(1, 2))
    assert field(definition, "b").required is None


def test_a_threshold_is_exactly_the_written_decimal() -> None:
    for raw in ({"fields": [{"name": "a", "threshold": 0.07}]}, '{"fields": [{"name": "a", "threshold": 0.07}]}'):
        assert load_definition(raw).fields[0].threshold == Fraction(7, 100)


def test_the_csv_dialect_is_read() -> None:
    dialect = load_definition(
        {
            "fields": [{"name": "a"}],
            "csv": {"delimiter": "\\t", "quoteChar": "'", "encoding": "Latin-1", "header": False},
        }
    ).csv
    assert (dialect.delimiter, dialect.quote, dialect.encoding, dialect.header) == ("\t", "'", "iso8859-1", False)


def test_tsv_is_csv_with_tabs() -> None:
    definition = load_definition({"format": "tsv"})
    assert (definition.format, definition.csv.delimiter) == ("csv", "\t")


def test_unknown_keys_are_warnings_with_a_suggestion() -> None:
    definition = load_definition({"fields": [{"name": "a", "requird": True}], "primarykeys": ["a"]})
    assert len(definition.warnings) == 2
    assert "did you mean primaryKey?" in definition.warnings[0]
    assert "did you mean required?" in definition.warnings[1]


BROKEN: list[tuple[object, str]] = [
    ([], "is a list; expected an object"),
    (7, "is a number; expected an object"),
    ('"x"', "is a text; expected an object"),
    ("{", "not JSON"),
    ('{"fields": NaN}', "NaN"),
    ('{"fields": [], "fields": []}', '"fields" stands twice'),
    (b"\xff\xfe", "not UTF-8"),
    ("[" * 50_000, "nested too deeply"),
    ({"fields": [{"name": "a", "min": json.loads("[" * 40 + "]" * 40)}]}, "nested too deeply"),
    (" " * (1 << 21), "too large"),
    ({"fields": [{"name": "a", "enum": ["x" * 1000] * 2000}]}, "too large"),
    ('{"fields": [{"name": "a", "min": ' + "9" * 5000 + "}]}", "thousands of digits"),
    ({"feilds": []}, "did you mean fields?"),
    ({"fields": 5}, "fields: is a number; expected a list"),
    ({"fields": [5]}, "fields[0]: is a number; expected an object"),
    ({"fields": ["a"]}, "fields[0]: is a text"),
    ({"fields": [{}]}, "the name is null"),
    ({"fields": [{"name": " "}]}, "expected a text that is not empty"),
    ({"fields": [{"name": "a"}, {"name": " a"}]}, 'fields[1]: the name "a" is declared twice'),
    ({"columns": {"a": {"name": "b"}}}, 'is also named "b"'),
    ({"fields": [{"name": "a\x00"}]}, "NUL"),
    ({"fields": [{"name": "\ud800"}]}, "surrogate"),
    ({"fields": [{"name": "a", "type": "integr"}]}, "did you mean integer?"),
    ({"fields": [{"name": "a", "type": ["integer"]}]}, "type is a list; expected a text"),
    ({"fields": [{"name": "a", "type": "bytea"}]}, "expected one of string, integer, number"),
    ({"fields": [{"name": "a", "required": "yes"}]}, 'required is "yes"; expected true or false'),
    ({"fields": [{"name": "a", "required": 1}]}, "expected true or false"),
    ({"fields": [{"name": "a", "sensitive": "no"}]}, "sensitive"),
    ({"fields": [{"name": "a", "required": False, "nullable": False}]}, "contradict"),
    ({"fields": [{"name": "a", "type": "number", "min": 5, "max": 4}]}, "min 5.0 is greater than max 4.0"),
    ({"fields": [{"name": "a", "type": "number", "min": 5, "minimum": 4}]}, "given twice, as 5 and 4"),
    ({"fields": [{"name": "a", "type": "number", "min": 5, "constraints": {"minimum": 4}}]}, "given twice, as 5 and 4"),
    ({"fields": [{"name": "a", "type": "number", "min": {"threshold": 0.1}}]}, "expected a plain value or"),
    ({"fields": [{"name": "a", "type": "number", "min": True}]}, "expected a finite number"),
    ({"fields": [{"name": "a", "type": "number", "min": 10**400}]}, "expected a finite number"),
    ('{"fields": [{"name": "a", "type": "number", "min": 1e999}]}', "expected a finite number"),
    ({"fields": [{"name": "a", "type": "integer", "min": 0.5}]}, "expected a whole number within 64 bits"),
    ({"fields": [{"name": "a", "type": "integer", "min": 2**63}]}, "expected a whole number within 64 bits"),
    ({"fields": [{"name": "a", "type": "decimal", "min": "1e3"}]}, "expected a number"),
    ({"fields": [{"name": "a", "type": "date", "min": "2023-02-29"}]}, "expected a date such as"),
    ({"fields": [{"name": "a", "type": "date", "min": 2020}]}, "expected a date such as"),
    ({"fields": [{"name": "a", "type": "boolean", "min": 0}]}, "min does not apply to the type boolean"),
    ({"fields": [{"name": "a", "type": "object", "max": 0}]}, "max does not apply to the type object"),
    ({"fields": [{"name": "a", "type": "array", "enum": [[]]}]}, "enum does not apply to the type array"),
    ({"fields": [{"name": "a", "min": 0}]}, "min needs a type to compare by"),
    ({"fields": [{"name": "a", "type": "string", "min": 0}]}, "expected a text, or a field of type number"),
    ({"fields": [{"name": "a", "type": "integer", "enum": []}]}, "expected 1 to 10,000"),
    ({"fields": [{"name": "a", "type": "integer", "enum": 1}]}, "expected a list of values"),
    ({"fields": [{"name": "a", "type": "integer", "enum": [1, "x", None]}]}, 'enum has "x", null'),
    ({"fields": [{"name": "a", "minLength": -1}]}, "minLength is -1"),
    ({"fields": [{"name": "a", "maxLength": 1.5}]}, "maxLength is 1.5"),
    ({"fields": [{"name": "a", "minLength": 5, "maxLength": 4}]}, "minLength 5 is greater than maxLength 4"),
    ({"fields": [{"name": "a", "pattern": 5}]}, "pattern is a number"),
    ({"fields": [{"name": "a", "pattern": "("}]}, "missing )"),
    ({"fields": [{"name": "a", "pattern": "a)(b"}]}, "RE2"),
    ({"fields": [{"name": "a", "pattern": "(a)\\1"}]}, "no backreferences"),
    ({"fields": [{"name": "a", "pattern": "(?=a)"}]}, "no lookaround"),
    ({"fields": [{"name": "a", "pattern": "a" * 1001}]}, "1,001 characters long"),
    ({"fields": [{"name": "a", "pattern": r"\pL{900}"}]}, "RE2"),
    ({"fields": [{"name": "a", "pattern": r"[\pL\pN]{50}"}]}, "steps"),
    ({"fields": [{"name": "a", "type": "date", "format": "%Q"}]}, "%Q, which is not read"),
    ({"fields": [{"name": "a", "type": "date", "format": "%d.%m."}]}, "has no year"),
    ({"fields": [{"name": "a", "type": "date", "format": "yyyy-mm-dd"}]}, "no directive"),
    ({"fields": [{"name": "a", "type": "date", "format": "%Y %Y"}]}, "cannot be read back"),
    ({"fields": [{"name": "a", "type": "date", "format": 5}]}, "format is a number"),
    ({"fields": [{"name": "a", "threshold": 1.5}]}, "threshold is 1.5; expected a number from 0 to 1"),
    ({"fields": [{"name": "a", "threshold": "0.1"}]}, "expected a number from 0 to 1"),
    ({"fields": [{"name": "a", "severity": "fatal"}]}, "expected one of warning, error, critical"),
    ({"fields": [{"name": "a"}], "primaryKey": "b"}, 'names "b", which is no declared field'),
    ({"fields": [{"name": "a"}], "primaryKey": 5}, "primaryKey: is 5"),
    ({"fields": [{"name": "a"}], "uniqueKeys": "a"}, "uniqueKeys: is a text"),
    ({"fields": [{"name": "a"}], "uniqueKeys": [["a"], []]}, "uniqueKeys[1]: is []"),
    ({"fields": [{"name": "a"}], "uniqueKeys": [["a", "a"]]}, 'names "a" twice'),
    ({"fields": [{"name": "a", "type": "object", "unique": True}]}, "cannot be compared"),
    ({"fields": [], "strict": True}, "strict is true, but there are no fields"),
    ({"fields": [], "missingValues": "NA"}, "missingValues"),
    ({"fields": [], "missingValues": [None]}, "missingValues"),
    ({"fields": [], "format": "cvs"}, "expected one of csv, json"),
    ({"fields": [], "sheet": 1}, "sheet is a number"),
    ({"fields": [], "silver": ["trim"]}, "silver: is a list; expected an object"),
    ({"fields": [], "silver": {"a": float("nan")}}, "silver: holds nan, which JSON does not have"),
    ({"fields": [], "silver": {"a": date(2026, 1, 1)}}, "silver: holds 2026-01-01, which JSON does not have"),
    ({"fields": [], "csv": "tab"}, "csv: is a text"),
    ({"fields": [], "csv": {"delimiter": ";;"}}, "expected one ASCII character"),
    ({"fields": [], "csv": {"delimiter": "\n"}}, "expected one ASCII character"),
    ({"fields": [], "csv": {"delimiter": "§"}}, "expected one ASCII character"),
    ({"fields": [], "csv": {"quote": ","}}, "both"),
    ({"fields": [], "csv": {"encoding": "klingon"}}, "encoding"),
    ({"fields": [], "csv": {"encoding": "base64"}}, "encoding"),
    ({"fields": [], "csv": {"header": "no"}}, "header"),
    ({"fields": [], "csv": {"header": False}}, "whose order names the columns"),
    ({"columns": {"a": {}}, "csv": {"header": False}}, "expected the fields as a list"),
    ({"fields": [], "scoring": []}, "scoring: is a list"),
    ({"fields": [], "scoring": {"mode": "strict"}}, "expected one of proportional, by_rule, all_or_nothing"),
    ({"fields": [], "scoring": {"passScore": 101}}, "expected a number from 0 to 100"),
    ({"fields": [], "scoring": {"passScore": True}}, "expected a number from 0 to 100"),
    ({"fields": [], "scoring": {"weights": {"schema": -1}}}, "schema is -1"),
    ({"fields": [], "scoring": {"weights": [40]}}, "expected an object"),
]


@pytest.mark.parametrize(("raw", "problem"), BROKEN)
def test_a_broken_definition_names_the_problem(raw: object, problem: str) -> None:
    problems = problems_of(raw)
    assert any(problem in each for each in problems), problems


def test_all_problems_are_reported_at_once() -> None:
    problems = problems_of(
        {
            "fields": [
                {"name": "a", "type": "integr", "minLength": -1},
                {"name": "a", "type": "number", "min": 5, "max": 4, "threshold": 2},
                {"name": "b", "pattern": "(", "enum": 3},
            ],
            "primaryKey": ["c"],
            "csv": {"delimiter": "::"},
            "scoring": {"mode": "x"},
        }
    )
    assert len(problems) == 10


WORDS = [
    "fields", "columns", "name", "type", "min", "max", "enum", "pattern", "minLength", "required", "unique",
    "threshold", "severity", "value", "constraints", "primaryKey", "uniqueKeys", "missingValues", "format",
    "csv", "header", "delimiter", "scoring", "mode", "passScore", "weights", "schema",
]  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=6),
    max_leaves=20,
)


@given(DOCUMENTS)
def test_any_json_loads_or_raises_a_definition_error(raw: object) -> None:
    try:
        load_definition(raw)
    except DefinitionError as error:
        assert error.problems  # noqa: PT017 - both outcomes are right


def test_what_has_no_effect_is_told_beside_the_problems() -> None:
    with pytest.raises(DefinitionError) as raised:
        load_definition({"fields": [{"name": "a", "type": "integr", "requierd": True}]})
    problem, warning = raised.value.problems
    assert "did you mean integer?" in problem
    assert "did you mean required?" in warning


def test_a_warning_that_is_part_of_a_problem_is_told_once() -> None:
    with pytest.raises(DefinitionError) as raised:
        load_definition({"feilds": []})
    assert len(raised.value.problems) == 1


def test_sensitive_may_stand_among_the_constraints() -> None:
    """Where somebody writes it there, a value must not be printed for its place."""
    definition = load_definition({"fields": [{"name": "ssn", "constraints": {"sensitive": True, "required": True}}]})
    assert definition.fields[0].sensitive
    assert definition.warnings == ()
