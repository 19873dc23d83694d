"""A dimension is one module: what else speaks of it, derives it."""

from __future__ import annotations

from pathlib import Path

import pytest

from dq.checks.dimension import Dimension
from dq.checks.plan import DIMENSIONS
from dq.definitions import load_definition
from tests.unit.verdict.samples import summary, verdict_of

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("dimension", DIMENSIONS, ids=lambda dimension: dimension.key)
def test_its_metric_is_named_in_one_module(dimension: Dimension) -> None:
    quoted = f'"{dimension.metric}"'
    sources = [path for package in ("dq", "jobs", "pipelines") for path in (ROOT / package).rglob("*.py")]
    named = [path.relative_to(ROOT).as_posix() for path in sources if quoted in path.read_text(encoding="utf-8")]
    named = [path for path in named if not path.startswith("dq/verdict/stored/")]  # the types of what is stored
    assert named == [f"dq/checks/dimensions/{dimension.key}.py"]


def test_every_verdict_speaks_of_all_of_them_in_their_order() -> None:
    verdict = verdict_of(summary(), None)
    assert list(verdict.metrics) == [dimension.metric for dimension in DIMENSIONS]
    assert list(verdict.deductions) == [dimension.key for dimension in DIMENSIONS]
    assert all(set(dimension.sections) <= set(verdict.profile_payload) for dimension in DIMENSIONS)


def test_weights_are_named_by_either_name_and_default_to_what_the_dimension_has() -> None:

    default = dict(load_definition({"fields": [{"name": "a"}]}).scoring.weights)
    assert default == {dimension.key: dimension.weight for dimension in DIMENSIONS}
    for dimension in DIMENSIONS:
        for name in (dimension.key, dimension.metric):
            said = load_definition({"fields": [{"name": "a"}], "scoring": {"weights": {name: 1.5}}}).scoring.weights
            assert dict(said) == {**default, dimension.key: 1.5}
