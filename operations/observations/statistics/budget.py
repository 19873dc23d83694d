"""How rarely a result may be called unusual by chance, so that a file has so many false alarms a year and no more.

The expected number of false alarms is the sum of the risks of all tests, however they depend on each other (linearity
of the expectation; Bonferroni's bound is the same sum). So the budget is divided: among the kinds of figures by fixed
shares, within a kind evenly, and each part among the runs of a year.
"""

from __future__ import annotations

from dataclasses import dataclass

HOURS_A_YEAR = 8766.0
#: Shares of the budget. Volumes have most: a halved file is what is missed most often.
_SHARES = {"volume": 0.6, "score": 0.1, "columns": 0.3}


@dataclass(frozen=True, slots=True)
class Budget:
    """So many false alarms a file and year, over everything that is looked at."""

    alarms_a_year: float = 1.0

    def volume(self, runs_a_year: float) -> float:
        """The risk of one test of a run's rows, or of its size."""
        return self._risk("volume", 2, runs_a_year)

    def score(self, runs_a_year: float) -> float:
        """The risk of one test of a run's score."""
        return self._risk("score", 1, runs_a_year)

    def column(self, runs_a_year: float, figures: int) -> float:
        """The risk of one test of a figure of a column, of `figures` that all columns have together."""
        return self._risk("columns", max(figures, 1), runs_a_year)

    def _risk(self, kind: str, figures: int, runs_a_year: float) -> float:
        return min(self.alarms_a_year * _SHARES[kind] / (figures * max(runs_a_year, 1.0)), 0.5)


def runs_a_year(hours_between: float) -> float:
    """Runs a year of a file that comes every so many hours; once a year at least, once an hour at most."""
    return min(max(HOURS_A_YEAR / max(hours_between, 1e-9), 1.0), HOURS_A_YEAR)
