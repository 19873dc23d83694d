"""What a column's values are usually like: a histogram on its own quantiles, or its categories."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from operations.observations.statistics.distances import Floats, binned, quantile_edges

#: A column with more values has no categories; one that had more of them over time is not watched for new ones.
MOST_CATEGORIES, MOST_KNOWN = 50, 200
#: Of the weight of earlier runs so much is left with each further one: the last two weeks of a daily file count most.
_KEPT_WEIGHT = 1.0 - 1.0 / 14.0
#: A bin with more of the weight than that says that its edges are those of another time.
_LARGEST_SHARE = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class NumberReference:
    """Numbers of accepted runs: the inner edges of bins, and the weight in each, in rows of samples."""

    edges: Floats
    weights: Floats

    @classmethod
    def of(cls, numbers: Floats) -> NumberReference:
        """Begin with the numbers of one run."""
        edges = quantile_edges(numbers)
        return cls(edges, binned(numbers, edges))

    def with_run(self, numbers: Floats) -> NumberReference:
        """Add an accepted run; begin again where the bins no longer tell much."""
        weights = self.weights * _KEPT_WEIGHT + binned(numbers, self.edges)
        if not len(self.edges) or weights.max() > max(_LARGEST_SHARE, 2.0 / len(weights)) * weights.sum():
            return NumberReference.of(numbers)
        return replace(self, weights=weights)


@dataclass(frozen=True, slots=True)
class CategoryReference:
    """Categories of runs: the weight of each in rows, in how many runs it was seen, and how many runs there were.

    `is_watched` ends for good once there are too many of them.
    """

    weights: Mapping[str, float] = field(default_factory=dict)
    seen: Mapping[str, int] = field(default_factory=dict)
    runs: int = 0
    is_watched: bool = True

    def with_run(self, counts: Mapping[str, int], *, accepted: bool) -> CategoryReference:
        """Add a run; one that was not accepted adds no weight, only names: a category is new, or lost, once."""
        names = self.seen.keys() | counts.keys()
        if len(names) > MOST_KNOWN:
            return CategoryReference(is_watched=False)
        weights = {
            name: self.weights.get(name, 0.0) * _KEPT_WEIGHT + counts.get(name, 0)
            if accepted
            else self.weights.get(name, 0.0)
            for name in names
        }
        seen = {name: self.seen.get(name, 0) + (counts.get(name, 0) > 0) for name in names}
        return CategoryReference(weights, seen, self.runs + 1)

    def histogram(self, counts: Mapping[str, int]) -> tuple[Floats, Floats]:
        """The rows of a run and the weights, by category in the same order."""
        names = sorted(
            name for name in self.weights.keys() | counts.keys() if self.weights.get(name, 0.0) > 0 or name in counts
        )
        return (
            np.array([counts.get(name, 0) for name in names], np.float64),
            np.array([self.weights.get(name, 0.0) for name in names], np.float64),
        )

    def new(self, counts: Mapping[str, int]) -> list[str]:
        """Categories of a run that were in none before it, the most frequent first."""
        return sorted((name for name in counts if name not in self.seen), key=lambda name: (-counts[name], name))

    def lost(self, counts: Mapping[str, int], rows: int, least_rows: float, least_runs: int) -> list[str]:
        """Categories that were in every run, at least so many, and would have so many rows at least, and have none."""
        total = sum(self.weights.values())
        if self.runs < least_runs or not total:
            return []
        return sorted(
            name
            for name, weight in self.weights.items()
            if self.seen[name] == self.runs and not counts.get(name) and rows * weight / total >= least_rows
        )


Reference = NumberReference | CategoryReference
