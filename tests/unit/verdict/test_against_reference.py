"""The verdict equals the naive scorer's on generated definitions and files, to the last fraction."""

import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings

from dq.checks.plan import plan_checks
from dq.definitions import load_definition
from dq.verdict.judge import judge
from dq.verdict.verdict import Verdict
from tests.reference.naive import RUN, score_naively
from tests.reference.summarise import summarise_naively
from tests.reference.tables import Case, csv_tables, json_lines_tables

THOROUGH = settings(suppress_health_check=[HealthCheck.too_slow])


def judged(case: Case) -> Verdict:
    plan = replace(plan_checks(load_definition(json.dumps(case.definition))), run_start=RUN)
    return judge(summarise_naively(case.data, case.definition, case.kind), plan)


def assert_equal_to_reference(case: Case) -> None:
    verdict = judged(case)
    expected = score_naively(case.data, case.definition, case.kind)
    assert verdict.deductions == pytest.approx({name: float(value) for name, value in expected.deductions.items()})
    assert verdict.score == expected.score
    assert verdict.passed == expected.passed
    assert {name: metric["status"] for name, metric in verdict.metrics.items()} == expected.statuses
    assert {name: metric["passed"] for name, metric in verdict.metrics.items()} == expected.metric_passed


def assert_consistent(verdict: Verdict) -> None:
    """Hold what is true of every verdict."""
    for dimension, deduction in verdict.deductions.items():
        rules = [rule for rule in verdict.failed_validation_rules if rule["dimension"] == dimension]
        assert sum(rule["deduction"] for rule in rules) == pytest.approx(deduction)
        assert all(rule["deduction"] == 0 for rule in rules if rule["severity"] == "warning")
    assert (verdict.failed_validation_message is None) == (not verdict.failed_validation_rules)
    exact = 100 - sum(verdict.deductions.values())
    assert abs(max(0.0, min(100.0, exact)) - verdict.score) <= 0.5 + 1e-9
    json.dumps([verdict.metrics, verdict.deductions, verdict.failed_validation_rules], allow_nan=False)


@given(csv_tables())
@THOROUGH
def test_csv_files_get_the_deductions_of_the_reference(case: Case) -> None:
    assert_equal_to_reference(case)
    assert_consistent(judged(case))


@given(json_lines_tables())
@THOROUGH
def test_json_lines_files_get_the_deductions_of_the_reference(case: Case) -> None:
    assert_equal_to_reference(case)
    assert_consistent(judged(case))
