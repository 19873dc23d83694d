"""Examples are JSON values of their type, exact for every reader of JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dq.checks.plan import plan_checks
from dq.verdict.judge import judge
from etl_core.storable import json_text
from tests.unit.profiling.profiled import Table, summary


def verdict_of(texts: dict[str, list[str | None]], fields: list[dict[str, Any]], keys: list[list[str]]) -> Any:  # noqa: ANN401
    table = Table(texts, fields, keys=keys)
    verdict = judge(summary(table), plan_checks(table.definition))
    rules = json.loads(json_text(verdict.failed_validation_rules))
    return {rule["rule"]: [one["value"] for one in rule["examples"]] for rule in rules}, verdict.profile_payload


@pytest.mark.parametrize(
    ("kind", "rules", "text", "value"),
    [
        ("integer", {"max": 5}, "007", 7),
        ("integer", {"max": 5}, "9007199254740992", 2**53),
        ("integer", {"max": 5}, "9007199254740993", "9007199254740993"),
        ("integer", {"min": 5}, "-9007199254740993", "-9007199254740993"),
        ("number", {"max": 5}, "190.50", 190.5),
        ("number", {"max": 5}, "12.0", 12),
        ("number", {"max": 5}, "1e300", 1e300),
        ("decimal", {"max": 5}, "12.10", "12.10"),
        ("boolean", {"enum": [True]}, "FALSE", False),
        ("date", {"max": "2020-01-01"}, "2024-01-01", "2024-01-01"),
        ("duration", {"max": "PT1H"}, "42:00:00", "42:00:00"),
        ("string", {"maxLength": 1}, "12", "12"),
    ],
)
def test_a_value_that_breaks_a_rule_is_one_of_its_type(kind: str, rules: dict[str, Any], text: str, value: Any) -> None:  # noqa: ANN401
    found, payload = verdict_of({"a": [text]}, [{"name": "a", "type": kind, **rules}], [])
    (shown,) = found[next(iter(rules))]
    assert (shown, type(shown)) == (value, type(value))
    (anomalies,) = payload["boundsAnomalies"]["columns"]
    of_rule = [*anomalies["below"]["examples"], *anomalies["above"]["examples"]]
    of_rule += [one for rule in anomalies["other"]["rules"].values() for one in rule["examples"]]
    assert [one["value"] for one in of_rule] == [value]


def test_a_cell_that_is_no_value_stays_its_text() -> None:
    found, _ = verdict_of({"a": ["1.5", "x"]}, [{"name": "a", "type": "integer"}], [])
    assert found["type"] == ["1.5", "x"]


def test_a_key_of_several_columns_is_the_list_of_its_values() -> None:
    columns: dict[str, list[str | None]] = {"a, b": ["1, 2", "1, 2"], "n": ["+5", "5"], "bad": ["x", "x"]}
    fields: list[dict[str, Any]] = [
        {"name": "a, b"},
        {"name": "n", "type": "integer"},
        {"name": "bad", "type": "boolean"},
    ]
    found, payload = verdict_of(columns, fields, [["a, b", "n", "bad"]])
    assert found["unique"] == [["1, 2", 5, "x"]]
    assert payload["uniquenessOverview"]["keys"][0]["examples"] == [{"line": 2, "value": ["1, 2", 5, "x"]}]


def test_a_key_of_one_column_is_its_value() -> None:
    found, _ = verdict_of({"n": ["5", "+5", "y", "y"]}, [{"name": "n", "type": "integer"}], [["n"]])
    assert found["unique"] == [5, "y"]


def test_no_part_of_a_sensitive_key_is_shown() -> None:
    hidden: dict[str, Any] = {"name": "a", "sensitive": True, "type": "integer", "max": 1}
    fields = [hidden, {"name": "n", "type": "integer"}]
    found, payload = verdict_of({"a": ["777", "777"], "n": ["5", "5"]}, fields, [["a", "n"]])
    assert found["unique"] == found["max"][:1] == ["***"]
    assert "777" not in json.dumps(payload)
