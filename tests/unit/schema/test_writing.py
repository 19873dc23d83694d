"""Definitions written as JSON again: what is read from it means the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from dq.definitions import load_definition, write_definition
from tests.reference.tables import TEXTS, definitions

GOLDEN = sorted((Path(__file__).parents[2] / "golden").glob("*/definition.json"))
EVERYTHING: dict[str, Any] = {
    "format": "tsv",
    "strict": True,
    "csv": {"quote": "'", "encoding": "latin-1", "header": False},
    "missingValues": ["", "NA"],
    "fields": [
        {"name": "id", "type": {"value": "bigint", "threshold": 0.5}, "unique": {"value": True, "severity": "warning"}},
        {
            "name": "fare",
            "type": "decimal",
            "min": "0.12345678901234567890123",
            "max": {"value": 190, "threshold": 0.01},
        },
        {"name": "at", "type": "timestamp", "min": "2026-01-01T00:00:00.123456789Z", "required": True},
        {"name": "day", "type": "date", "format": "%d.%m.%Y", "enum": ["01.02.2026", "2026-02-03"]},
        {"name": "time", "type": "time", "max": "23:59:59.5"},
        {"name": "took", "type": "duration", "max": "PT90M", "nullable": {"value": False, "threshold": 0.25}},
        {"name": "code", "pattern": "[A-Z]{2}", "type": "string", "min": "A", "minLength": 2, "sensitive": True},
        {"name": "what", "threshold": 0.125, "severity": "critical"},
        "skipped",
    ],
    "primaryKey": {"columns": ["id", "day"], "threshold": 0.001},
    "uniqueKeys": [["code", "at"], {"fields": ["fare", "code"], "severity": "critical"}],
    "rowCount": {"min": 1, "severity": "warning"},
    "freshness": {"field": "at", "maxAge": "48h"},
    "rows": [
        {
            "rule": "in time",
            "expression": "took < duration '5:00:00'",
            "when": "day > date '2026-01-01' and code != 'it''s'",
        }
    ],
    "references": {"fields": ["code", "id"], "in": "s3://bucket/codes.csv", "on": ["c", "i"], "severity": "error"},
    "scoring": {"mode": "by_rule", "passScore": 97.5, "weights": {"bounds": 30}},
    "silver": {"normalize": {"code": ["trim"]}},
}
EVERYTHING["fields"].pop()


def assert_same_again(raw: Any) -> None:  # noqa: ANN401 - any JSON value
    read = load_definition(raw)
    text = json.dumps(write_definition(read))
    again = load_definition(text)
    assert again.fingerprint == read.fingerprint, text
    assert again.warnings == ()
    assert write_definition(again) == write_definition(read)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.parent.name)
def test_definitions_of_golden_cases_mean_the_same_when_written(path: Path) -> None:
    if path.read_text().strip() not in {"", "null", "{}"}:
        assert_same_again(path.read_text())


def test_everything_that_may_be_said_is_written() -> None:
    assert_same_again(json.dumps(EVERYTHING))


@given(definitions(list(TEXTS)))
def test_any_definition_means_the_same_when_written(definition: dict[str, Any]) -> None:
    assert_same_again(definition)


def test_what_is_as_usual_is_left_out() -> None:
    assert write_definition(load_definition({"columns": {"id": "int", "what": {}}, "primary_key": "id"})) == {
        "fields": [{"name": "id", "type": "integer"}, {"name": "what"}],
        "primaryKey": ["id"],
    }
