"""Keeping the values of sensitive columns out of everything a verdict shows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dq.checks.wording import MASK

if TYPE_CHECKING:
    from dq.checks.check_result import CheckResult, Measure
    from dq.profiling.summary.summary import Example, FileSummary


def without_strangers(summary: FileSummary, sensitive: frozenset[str]) -> tuple[FileSummary, frozenset[str]]:
    """Hide columns nobody declared where a sensitive field is not in the file: any of them may be that one.

    So may the header be its first value: such columns are called by their place instead. Gives the figures as they may
    be shown, and the names of all columns whose values are hidden.
    """
    repeating = {column.name for column in summary.columns if column.repeats in sensitive}
    if sensitive.isdisjoint(summary.missing_columns):
        return summary, sensitive | repeating
    strangers = [column.name for column in summary.columns if not column.declared]
    called = {name: f"{MASK} (undeclared column {at})" for at, name in enumerate(strangers, 1)}
    called |= {name: MASK for name in summary.extra_columns if name not in called}
    renamed = replace(
        summary,
        columns=tuple(replace(column, name=called.get(column.name, column.name)) for column in summary.columns),
        extra_columns=tuple(called.get(name, name) for name in summary.extra_columns),
        repeated_columns=tuple(called.get(name, name) for name in summary.repeated_columns),
        sample_columns=tuple(called.get(name, name) for name in summary.sample_columns),
    )
    return renamed, sensitive | frozenset(called.values())


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
    return tuple(example._replace(text=MASK, value=None) for example in examples)
