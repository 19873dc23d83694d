"""The golden cases, counted naively: what people worked out by hand, the reference and the product agree."""

from dataclasses import replace

import pytest

from dq.checks.plan import plan_checks
from dq.definitions import load_definition
from dq.verdict.judge import judge
from tests.golden_cases import GoldenCase, golden_cases
from tests.reference.naive import RUN, score_naively
from tests.reference.summarise import summarise_naively
from tests.unit.formats.judged import summarised

#: The reference reads plain text only; the other formats are for the engine.
CASES = [case for case in golden_cases() if case.suffix in {"csv", "jsonl"}]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_the_verdict_is_the_one_worked_out_by_hand(case: GoldenCase) -> None:
    plan = replace(plan_checks(None if case.definition is None else load_definition(case.definition)), run_start=RUN)
    verdict = judge(summarise_naively(case.path.read_bytes(), case.definition, case.suffix), plan)
    assert verdict.deductions == pytest.approx(case.deductions, abs=1e-6)
    assert {name: metric["status"] for name, metric in verdict.metrics.items()} == case.statuses
    assert (verdict.score, verdict.passed) == (case.score, case.passed)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_the_reference_agrees(case: GoldenCase) -> None:
    verdict = score_naively(case.path.read_bytes(), case.definition, case.suffix)
    assert {name: float(value) for name, value in verdict.deductions.items()} == pytest.approx(case.deductions)
    assert verdict.statuses == case.statuses
    assert (verdict.score, verdict.passed) == (case.score, case.passed)


@pytest.mark.parametrize("case", golden_cases(), ids=lambda case: case.name)
def test_byte_ranges_give_the_verdict_worked_out_by_hand(case: GoldenCase) -> None:
    """Of every format; that the other lanes give it too is a matter of parity."""
    plan = replace(plan_checks(None if case.definition is None else load_definition(case.definition)), run_start=RUN)
    verdict = judge(summarised(case.path, case.definition), plan)
    assert verdict.deductions == pytest.approx(case.deductions, abs=1e-6)
    assert {name: metric["status"] for name, metric in verdict.metrics.items()} == case.statuses
    assert (verdict.score, verdict.passed) == (case.score, case.passed)


def test_there_is_a_case_for_every_format_of_text() -> None:
    assert {case.suffix for case in golden_cases()} >= {"csv", "jsonl", "json", "parquet", "orc", "xlsx", "csv.gz"}
