"""What kept files would have failed under a definition, from their figures alone."""

from __future__ import annotations

from typing import Any

import pytest

from dq.definitions import load_definition
from dq.profiling.summary.summary import ColumnSummary, FileSummary, TopValue
from dq.suggestions.backtest import Backtest, RuleRecord, backtest
from tests.unit.verdict.samples import column, summary


def _tested(field: dict[str, Any], *columns: ColumnSummary) -> dict[str, RuleRecord]:
    definition = load_definition({"fields": [{"name": "a", **field}]})
    found = backtest(definition, [(f"run {at}", summary(one)) for at, one in enumerate(columns)])
    assert all(record.kept + record.broken + record.unknown == found.files for record in found.rules)
    return {record.rule: record for record in found.rules}


@pytest.mark.parametrize(
    ("field", "rule", "kept", "broken"),
    [
        ({"required": True}, "required", {"nulls": 0}, {"nulls": 1}),
        ({"type": "integer"}, "type", {"type": "integer"}, {"type": "integer", "unparsable": 2}),
        ({"type": "number"}, "type", {"type": "integer"}, {"type": "date"}),
        ({"type": "integer", "min": 3}, "min", {"type": "integer", "minimum": 3}, {"type": "integer", "minimum": 2}),
        ({"type": "integer", "max": 3}, "max", {"type": "integer", "maximum": 3}, {"type": "integer", "maximum": 4}),
        ({"minLength": 3}, "minLength", {"min_length": 3}, {"min_length": 2}),
        ({"maxLength": 3}, "maxLength", {"max_length": 3}, {"max_length": 4}),
        (
            {"enum": ["x", "y"]},
            "enum",
            {"top_values": (TopValue("x", 100),), "distinct": 1},
            {"top_values": (TopValue("z", 1),), "distinct": 900, "distinct_error": 0.03},
        ),
        (
            {"pattern": "[a-z]"},
            "pattern",
            {"top_values": (TopValue("x", 100),), "distinct": 1},
            {"top_values": (TopValue("12", 1),), "distinct": 1},
        ),
        ({"unique": True}, "unique", {"distinct": 100}, {"distinct": 99}),
    ],
)
def test_a_rule_is_kept_or_broken_as_the_figures_say(
    field: dict[str, Any], rule: str, kept: dict[str, Any], broken: dict[str, Any]
) -> None:
    record = _tested(field, column("a", **kept), column("a", **broken))[rule]
    assert (record.kept, record.broken, record.unknown) == (1, 1, 0)
    assert record.broken_in == ("run 1",)


def test_what_the_figures_do_not_say_is_not_guessed() -> None:
    partly = column("a", top_values=(TopValue("x", 3),), distinct=70)
    assert _tested({"enum": ["x"]}, partly)["enum"].unknown == 1
    assert _tested({"unique": True}, column("a", distinct=98, distinct_error=0.03))["unique"].unknown == 1


def test_files_that_fail_any_rule_are_counted_once() -> None:
    definition = load_definition({"fields": [{"name": "a", "required": True, "maxLength": 1}, {"name": "b"}]})
    files = [
        ("good", summary(column("a", max_length=1), column("b"))),
        ("bad", summary(column("a", nulls=3, max_length=2), column("b"))),
        ("without b", summary(column("a", max_length=1))),
    ]
    found = backtest(definition, files)
    assert (found.files, found.failing) == (3, 2)


def test_no_file_fails_nothing() -> None:
    assert backtest(load_definition({"fields": [{"name": "a"}]}), []) == Backtest(0, 0, ())


def test_an_empty_column_breaks_nothing_but_required() -> None:
    empty = FileSummary(bytes=1, rows_read=4, columns=(column("a", rows=4, nulls=4),))
    found = backtest(
        load_definition({"fields": [{"name": "a", "type": "date", "min": "2020-01-01"}]}), [("one", empty)]
    )
    assert found.failing == 0
