"""Rules over a whole file: how a definition asks for them, and what they say of a file."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timezone
from typing import Any

import pytest

from dq.checks.plan import plan_checks
from dq.definitions import load_definition
from dq.errors import DefinitionError
from dq.profiling.summary.summary import ColumnSummary, FileSummary
from dq.verdict.judge import judge
from dq.verdict.verdict import Verdict

FIELDS = [{"name": "id", "type": "integer"}, {"name": "day", "type": "date"}, {"name": "at", "type": "datetime"}]
RUN = datetime(2026, 1, 4, 12, tzinfo=timezone.utc)


def definition(**rules: object) -> dict[str, Any]:
    return {"fields": FIELDS, **rules}


def verdict(
    rules: dict[str, Any],
    *,
    rows: int = 3,
    malformed: int = 0,
    day: date | None = None,
    at: datetime | None = None,
    run: datetime | None = RUN,
) -> Verdict:
    columns = tuple(
        ColumnSummary(name, kind, "text", declared=True, rows=rows, nulls=0 if newest else rows, maximum=newest)
        for name, kind, newest in (("id", "integer", 1), ("day", "date", day), ("at", "datetime", at))
    )
    figures = FileSummary(bytes=1, rows_read=rows + malformed, rows_malformed=malformed, columns=columns)
    return judge(figures, replace(plan_checks(load_definition(rules)), run_start=run))


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ({"rowCount": 5}, "rowCount: is a number; expected an object"),
        ({"rowCount": {}}, "rowCount: has neither min nor max"),
        ({"rowCount": {"min": -1}}, "rowCount: min is -1; expected a whole number of rows, 0 or more"),
        ({"rowCount": {"max": 1.5}}, "rowCount: max is 1.5; expected a whole number of rows, 0 or more"),
        ({"rowCount": {"min": 5, "max": 4}}, "rowCount: min 5 is greater than max 4"),
        ({"rowCount": {"min": 1, "severity": "fatal"}}, 'rowCount: severity is "fatal"; expected one of'),
        ({"freshness": "2d"}, "freshness: is a text; expected an object"),
        ({"freshness": {"maxAge": "2d"}}, "freshness: names no field"),
        ({"freshness": {"field": "dayy", "maxAge": "2d"}}, "did you mean day?"),
        ({"freshness": {"field": "id", "maxAge": "2d"}}, 'field "id" is of type integer; expected date or datetime'),
        ({"freshness": {"field": "day"}}, "freshness: names no maxAge"),
        ({"freshness": {"field": "day", "maxAge": "two days"}}, 'maxAge is "two days"; expected a number with m, h'),
        ({"freshness": {"field": "day", "maxAge": 2}}, "maxAge is 2; expected a number with m, h"),
    ],
)
def test_a_rule_that_means_nothing_is_named(rule: dict[str, Any], problem: str) -> None:
    with pytest.raises(DefinitionError) as error:
        load_definition(definition(**rule))
    assert problem in str(error.value)


def test_all_spellings_mean_the_same() -> None:
    plain = load_definition(definition(rowCount={"min": 1, "severity": "critical"}))
    for rules in (
        {"row_count": {"minimum": 1, "severity": "CRITICAL"}},
        {"rowCount": {"value": {"min": 1}, "severity": "critical"}},
        {"row-count": {"min": 1.0, "threshold": 0, "severity": "critical"}},
    ):
        assert load_definition(definition(**rules)).fingerprint == plain.fingerprint
    assert load_definition(definition()).fingerprint != plain.fingerprint
    aged = load_definition(definition(freshness={"column": "day", "max_age": "2 D"}))
    assert aged.fingerprint == load_definition(definition(freshness={"field": "day", "maxAge": "2d"})).fingerprint


@pytest.mark.parametrize(
    ("limits", "rows", "said"),
    [
        ({"min": 3}, 3, None),
        ({"max": 3}, 3, None),
        ({"min": 4}, 3, "the file has 3 rows, expected at least 4"),
        ({"max": 2}, 3, "the file has 3 rows, expected at most 2"),
        ({"min": 1}, 0, "the file has 0 rows, expected at least 1"),
        ({"min": 0, "max": 0}, 0, None),
    ],
)
def test_rows_are_counted_with_both_limits_included(limits: dict[str, int], rows: int, said: str | None) -> None:
    message = verdict(definition(rowCount=limits), rows=rows).failed_validation_message
    assert message == (None if said is None else f"completeness (-20): {said}")


def test_malformed_rows_do_not_count() -> None:
    assert verdict(definition(rowCount={"min": 4}), rows=3, malformed=1).metrics["completeness"]["status"] == "failed"


@pytest.mark.parametrize(
    ("field", "newest", "age", "said"),
    [
        ("day", date(2026, 1, 2), "2d", None),
        ("day", date(2026, 1, 1), "2d", "the newest day is 3 days older than the run, expected at most 2 days"),
        ("day", date(2026, 2, 1), "1d", None),
        ("at", datetime(2026, 1, 4, 10, 30), "90m", None),  # noqa: DTZ001 - as profiles hold them, in UTC
        (
            "at",
            datetime(2026, 1, 4, 10, 29),  # noqa: DTZ001 - as above
            "90m",
            "the newest at is 91 minutes older than the run, expected at most 90 minutes",
        ),
        (
            "at",
            datetime(2026, 1, 4, 11, 50),  # noqa: DTZ001 - as above
            "5m",
            "the newest at is 10 minutes older than the run, expected at most 5 minutes",
        ),
        ("day", None, "1w", "day has no value, so that nothing tells how old the file is"),
    ],
)
def test_the_newest_value_is_compared_with_the_run(field: str, newest: Any, age: str, said: str | None) -> None:  # noqa: ANN401 - a date or a datetime
    found = verdict(definition(freshness={"field": field, "maxAge": age}), **{field: newest})
    assert found.failed_validation_message == (None if said is None else f"completeness (-20): {said}")


def test_without_a_run_freshness_is_not_run_and_never_passed() -> None:
    found = verdict(definition(freshness={"field": "day", "maxAge": "1d"}), day=date(2026, 1, 4), run=None)
    assert found.metrics["completeness"]["status"] == "not_run"
    assert found.metrics["completeness"]["passed"] is False


def test_a_sensitive_field_does_not_tell_its_age() -> None:
    rules = definition(freshness={"field": "day", "maxAge": "2d"})
    rules["fields"] = [{**field, "sensitive": True} for field in FIELDS]
    found = verdict(rules, day=date(1971, 8, 23))
    assert found.failed_validation_message == "completeness (-20): the newest day is older than 2 days"


def test_severities_and_thresholds_hold_for_whole_files_too() -> None:
    warned = verdict(definition(rowCount={"min": 9, "severity": "warning"}))
    assert (warned.score, warned.failed_validation_message) == (
        100, "completeness (warning): the file has 3 rows, expected at least 9",
    )  # fmt: skip
    critical = verdict(definition(rowCount={"min": 9, "severity": "critical"}, scoring={"passScore": 0}))
    assert (critical.score, critical.passed) == (80, False)
    assert verdict(definition(rowCount={"min": 9, "threshold": 1})).score == 100
    assert critical.failed_validation_rules[0]["rule"] == "rowCount"
    assert critical.failed_validation_rules[0]["column"] is None
