"""Two verdicts, one after the other: what is new, gone and staying, and what moved the score."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dq.report.differences import differences
from dq.report.page import report_page
from dq.report.reported import KeptVerdict, Reported


def _rule(rule: str, column: str | None, failed: int, deduction: float, dimension: str = "bounds") -> dict[str, Any]:
    return {
        "rule": rule,
        "dimension": dimension,
        "column": column,
        "severity": "error",
        "failed": failed,
        "checked": 100,
        "deduction": deduction,
    }


BEFORE = KeptVerdict(
    score=90,
    passed=True,
    metrics={},
    deductions={"bounds": 4.0, "uniqueness": 6.0},
    rules=[_rule("max", "fare", 3, 4.0), _rule("unique", "id", 9, 6.0, "uniqueness")],
)
NOW = KeptVerdict(
    score=70,
    passed=False,
    metrics={},
    deductions={"bounds": 10.0, "completeness": 20.0},
    rules=[_rule("required", "driver", 80, 20.0, "completeness"), _rule("max", "fare", 8, 10.0)],
)


def test_failures_are_new_gone_or_staying() -> None:
    found = differences(BEFORE, NOW)
    assert [(one.name, one.now, one.points) for one in found.new] == [("driver", 80, 20.0)]
    assert [(one.name, one.before, one.points) for one in found.gone] == [("id", 9, -6.0)]
    assert [(one.name, one.before, one.now, one.points) for one in found.staying] == [("fare", 3, 8, 6.0)]


def test_what_moved_the_score_is_named_the_most_first() -> None:
    moved = differences(BEFORE, NOW).moved
    assert [(one.metric, one.points) for one in moved] == [
        ("completeness", 20.0),
        ("boundsRange", 6.0),
        ("uniqueness", -6.0),
    ]
    assert sum(one.points for one in moved) == BEFORE.score - NOW.score


def test_a_run_does_not_differ_from_itself() -> None:
    found = differences(NOW, NOW)
    assert (found.new, found.gone, found.moved) == ((), (), ())
    assert len(found.staying) == 2


def test_rules_that_nobody_kept_are_not_called_gone() -> None:
    found = differences(BEFORE, replace(NOW, rules=None))
    assert not found.compared
    page = report_page(Reported("trips", replace(NOW, rules=None), before=BEFORE, before_label="2026-01-03 12h"))
    assert "cannot be compared" in page
    assert "The score went from 90 to" in page
