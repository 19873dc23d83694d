"""The budget of false alarms is kept, and halved volumes are found, on simulated histories: a small piece of the table
in docs/observations.md, which `scripts/observation_odds.py` makes."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from operations.observations.statistics.budget import Budget
from operations.observations.statistics.distances import (
    binned,
    ks,
    ks_critical,
    psi,
    psi_critical,
    quantile_edges,
)
from operations.observations.statistics.expectation import Baselines, expect
from operations.observations.statistics.scales import of_counts, of_share, to_counts, to_share

if TYPE_CHECKING:
    from types import ModuleType

_SCRIPT = Path(__file__).parents[3] / "scripts" / "observation_odds.py"


@pytest.fixture(scope="module")
def odds() -> ModuleType:
    """The script of the table."""
    spec = importlib.util.spec_from_file_location("observation_odds", _SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules["observation_odds"] = made
    spec.loader.exec_module(made)
    return made


def _kind(odds: Any, name: str) -> Any:  # noqa: ANN401 - of a script
    return next(kind for kind in odds.KINDS if kind.name.startswith(name))


@pytest.mark.parametrize("name", ["Student", "weekly with", "level shift"])
def test_the_budget_is_kept_and_halved_files_are_found(odds: Any, name: str) -> None:  # noqa: ANN401
    found = odds.odds(_kind(odds, name), 20, 3)
    # So few files of the one with heavy tails have a few alarms more or less.
    most, least = (1.8, 0.9) if name == "Student" else (1.0, 0.95)
    assert found.volume + found.columns <= most
    assert found.settled >= least


def test_usual_rules_break_the_budget_or_are_blind(odds: Any) -> None:  # noqa: ANN401
    found = odds.usual(_kind(odds, "weekly: "), 20, 3)
    assert found["robust z 3.5"][0] > 50
    assert found["min..max"][0] > 10
    assert found["z 3, the value included"][1] < 0.5


@pytest.mark.night
@pytest.mark.parametrize("seed", [11, 12])
def test_the_budget_is_kept_on_every_history(odds: Any, seed: int) -> None:  # noqa: ANN401
    for kind in odds.KINDS:
        found = odds.odds(kind, 100, seed)
        assert found.volume + found.columns <= 1.0, kind.name


def test_the_parts_of_the_budget_are_the_budget() -> None:
    budget = Budget(2.0)
    tests = 365.0 * (2 * budget.volume(365.0) + budget.score(365.0) + 40 * budget.column(365.0, 40))
    assert tests == pytest.approx(2.0)


def test_distances_of_samples_of_one_distribution_keep_their_critical_values() -> None:
    """Whatever the sizes of the samples; a fixed limit of PSI fits one size alone."""
    random = np.random.default_rng(5)
    beyond = {"psi": 0, "ks": 0}
    for sizes in [(100, 3000), (1000, 1000), (5000, 200)] * 300:
        one, other = (np.sort(random.lognormal(size=size)) for size in sizes)
        edges = quantile_edges(other)
        mine, theirs = binned(one, edges), binned(other, edges)
        assert (mine.sum(), theirs.sum()) == sizes
        beyond["psi"] += psi(mine, theirs) > psi_critical(sizes[0], sizes[1], len(mine), 0.01)
        beyond["ks"] += ks(mine, theirs) > ks_critical(sizes[0], sizes[1], 0.01)
    assert beyond["psi"] <= 3 * 9
    assert beyond["ks"] <= 3 * 9


@pytest.mark.parametrize("numbers", [[], [1.0], [2.0] * 50, [0.0] * 40 + [1.0] * 3])
def test_bins_of_few_or_equal_numbers(numbers: list[float]) -> None:
    ordered = np.array(numbers)
    edges = quantile_edges(ordered)
    assert binned(ordered, edges).sum() == len(numbers)
    assert np.all(np.diff(edges) > 0)
    assert psi_critical(0.0, 10.0, 5, 0.01) == float("inf") == ks_critical(0.0, 1.0, 0.01)


def test_scales_lead_back() -> None:
    counts = np.array([0.0, 1.0, 17.0, 1e4, 1e12])
    assert to_counts(of_counts(counts)) == pytest.approx(counts, abs=1e-9, rel=1e-9)
    assert to_share(of_share(250.0, 1000.0)) == pytest.approx(0.25, abs=1e-3)
    assert to_counts(np.array([-1.0, 1e9])).min() == 0


def test_a_constant_file_may_change_by_what_counting_gives_and_no_more() -> None:
    values = np.broadcast_to(of_counts(np.array([100_000.0])), (1, 40))
    nothing = np.zeros((1, 40), np.int64)
    found = expect(
        Baselines(values, nothing, nothing), nothing[:, 0], np.array([1e-3]), np.zeros(1), np.ones(1, np.bool_)
    )
    low, high = (float(to_counts(found.middle + side * found.half)[0]) for side in (-1, 1))
    assert 95_000 < low < 98_000
    assert 102_000 < high < 105_000
