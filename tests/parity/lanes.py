"""Files through the engine's lanes, and what has to be equal between them."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from dq.definitions import load_definition
from dq.engine.assignment import Assignment
from dq.engine.parts import FileTask
from dq.engine.planning import plan_file
from dq.engine.profile_files import profile_files
from dq.engine.source_file import SourceObject
from dq.formats.limits import Limits
from etl_core.errors import PipelineError
from etl_core.objects.store import ObjectStore
from tests.parity.verdicts import Checked, differences, said
from tests.reference.naive import score_naively

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from hypothesis.strategies import SearchStrategy
    from pyspark.sql import SparkSession

    from dq.profiling.summary.summary import ColumnSummary, FileSummary
    from tests.reference.tables import Case

T = TypeVar("T")
#: What depends on how a file was cut or read: samples, the text of malformed rows, names of readers.
_OWN = {"sample_rows", "malformed_examples", "reader", "columns", "keys", "unreadable", "row_rules"}
_ESTIMATED = {
    "distinct": "distinct_error",
    "quantiles": "quantile_error",
    "histogram": "histogram_error",
    "top_values": "top_values_error",
}
_ROUNDED = {"mean", "stddev"}
_EXAMPLES = {"unparsable_examples", "violation_examples", "null_examples"}


def check_files(
    files: Sequence[tuple[Path, Mapping[str, Any] | None]],
    *,
    spark: SparkSession | None = None,
    reader: str = "direct",
    limits: Limits | None = None,
) -> list[Checked]:
    """Profile files as one batch; an error of any of them fails the test."""
    store = ObjectStore()
    definitions = [None if raw is None else load_definition(raw) for _, raw in files]
    sources = [
        SourceObject(number, store.peek(None, str(path)), definition)
        for number, ((path, _), definition) in enumerate(zip(files, definitions, strict=True))
    ]
    found = profile_files(sources, store=store, spark=spark, reader=reader, limits=limits)
    checked = []
    for number, ((path, _), definition) in enumerate(zip(files, definitions, strict=True)):
        summary = found[number]
        assert not isinstance(summary, PipelineError), f"{path}: {summary!r}"
        checked.append(Checked(path, definition, summary))
    return checked


def generated(strategy: SearchStrategy[T], count: int, number: int) -> list[T]:
    """Draw `count` tables, the same ones every time for the same `number`."""
    cases: list[T] = []

    @seed(number)
    @settings(
        max_examples=count,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(case: T) -> None:
        cases.append(case)

    collect()
    return cases


def written(cases: Sequence[Case], folder: Path) -> list[tuple[Path, dict[str, Any]]]:
    """Write tables as files, the number of each in its name."""
    files = []
    for number, case in enumerate(cases):
        path = folder / f"{number:04}.{case.kind}"
        path.write_bytes(case.data)
        files.append((path, case.definition))
    return files


def assert_as_reference(checked: Checked, case: Case) -> None:
    """Hold a verdict equal to the naive scorer's."""
    expected = score_naively(case.data, case.definition, case.kind)
    verdict = checked.verdict
    place = f"{checked.path}\n{case.data!r}\n{json.dumps(case.definition, ensure_ascii=False)}"
    wanted = {name: float(value) for name, value in expected.deductions.items()}
    assert verdict.deductions == pytest.approx(wanted, abs=1e-6), place
    assert (verdict.score, verdict.passed) == (expected.score, expected.passed), place
    assert {name: metric["status"] for name, metric in verdict.metrics.items()} == expected.statuses, place
    assert {name: metric["passed"] for name, metric in verdict.metrics.items()} == expected.metric_passed, place


def assert_same_verdict(one: Checked, other: Checked) -> None:
    """Hold two lanes' metrics, deductions, score, exact statistics and examples of one file equal."""
    first, second = one.verdict, other.verdict
    lines = "spark" not in {one.summary.reader, other.summary.reader} or ".csv" not in one.path.name
    place = str(one.path)
    assert first.deductions == second.deductions, place
    assert (first.score, first.passed) == (second.score, second.passed), place
    if one.summary.unreadable is None:
        differing = differences(said(one, lines=lines), said(other, lines=lines))
        assert not differing, "\n".join([place, *differing])
    figures, others = exact_figures(one.summary, lines=lines), exact_figures(other.summary, lines=lines)
    different = {name: (figure, others.get(name)) for name, figure in figures.items() if figure != others.get(name)}
    assert not different, place
    assert figures.keys() == others.keys(), place


def exact_figures(summary: FileSummary, *, lines: bool) -> dict[str, Any]:
    """Give everything that must not depend on the lane; the lines of examples only where both lanes know them."""
    figures = {field.name: getattr(summary, field.name) for field in fields(summary) if field.name not in _OWN}
    figures["readable"] = summary.unreadable is None
    if lines:
        figures["malformed_examples"] = summary.malformed_examples
    for rule in summary.row_rules:
        examples = rule.examples if lines else _texts(rule.examples)
        figures[f"rule {rule.name}"] = (rule.failed, rule.checked, rule.missing, rule.unanswered, examples)
    for number, column in enumerate(summary.columns):
        named = _column_figures(column, lines=lines)
        figures |= {f"{number} {column.name}: {name}": value for name, value in named.items()}
    figures |= {f"key {key.columns}": (key.full, key.repeated, key.missing) for key in summary.keys}
    return figures


def _column_figures(column: ColumnSummary, *, lines: bool) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for field in fields(column):
        value = getattr(column, field.name)
        if field.name in _ESTIMATED and getattr(column, _ESTIMATED[field.name]) > 0:
            continue
        if field.name in _ROUNDED and value is not None:
            value = pytest.approx(value, rel=1e-9)
        if field.name in _EXAMPLES and not lines:
            value = _texts(value)
        figures[field.name] = value
    return figures


def _texts(found: Any) -> Any:  # noqa: ANN401
    """Give the texts of examples, in the order of the file, without their lines."""
    if isinstance(found, tuple):
        return [example.text for example in found]
    return {rule: _texts(examples) for rule, examples in found.items()}


def count_splits(files: Sequence[tuple[Path, Mapping[str, Any] | None]], limits: Limits) -> int:
    """Say in how many parts byte ranges read these files."""
    store = ObjectStore()
    total = 0
    for path, raw in files:
        source = SourceObject(0, store.peek(None, str(path)), None if raw is None else load_definition(raw))
        task = plan_file(source, Assignment(store, limits))
        total += len(task.splits) if isinstance(task, FileTask) else 0
    return total


def report(capsys: pytest.CaptureFixture[str], text: str) -> None:
    """Print how much was tried, beside the dots."""
    with capsys.disabled():
        print(f"\nparity: {text}", end="")  # noqa: T201 - how much was tried belongs to the result
