"""Keeping the values of sensitive columns out of everything a verdict shows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dq.checks.wording import MASK

if TYPE_CHECKING:
    from dq.checks.check_result import CheckResult, Measure
    from dq.profiling.summary.summary import Example


@dataclass(frozen=True, slots=True)
class Masking:
    """Which columns are sensitive.

    The raw text of a malformed row may hold any column's value, so it is masked as soon as there is one such column.
    """

    columns: frozenset[str]

    def hides(self, *columns: str) -> bool:
        """Tell whether any of these columns is sensitive."""
        return not self.columns.isdisjoint(columns)

    @property
    def hides_rows(self) -> bool:
        """Tell whether the text of a whole row has to be hidden."""
        return bool(self.columns)

    def measure(self, measure: Measure) -> Measure:
        """Hide the examples of every result that speaks of a sensitive column."""
        if not self.columns:
            return measure
        return replace(measure, results=tuple(self._result(result) for result in measure.results))

    def _result(self, result: CheckResult) -> CheckResult:
        if not (result.of_whole_rows and self.hides_rows) and not self.hides(*result.check.columns):
            return result
        return replace(result, examples=hidden(result.examples))


def hidden(examples: tuple[Example, ...]) -> tuple[Example, ...]:
    """Keep where the examples are and hide what they are."""
    return tuple(example._replace(text=MASK) for example in examples)
