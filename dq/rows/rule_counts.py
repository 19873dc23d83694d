"""How many rows break each rule, over all batches of a file: that decides which findings are tolerated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from dq.checks.check import Check
from dq.checks.check_result import fails
from dq.rows.row_marks import Mark


@dataclass(frozen=True, slots=True)
class RuleCount:
    """So many rows break a rule, of so many that were held against it."""

    failed: int = 0
    checked: int = 0

    def __add__(self, other: RuleCount) -> RuleCount:
        """Put batches together."""
        return RuleCount(self.failed + other.failed, self.checked + other.checked)


@dataclass(frozen=True, slots=True)
class RuleCounts:
    """Counts of rules over some rows; those of more rows are added with `+`."""

    of: Mapping[Check, RuleCount] = field(default_factory=dict)

    @classmethod
    def of_marks(cls, marks: Iterable[Mark]) -> RuleCounts:
        """Count the marks of a batch."""
        return cls({mark.check: RuleCount(len(mark.rows), mark.checked) for mark in marks})

    def __add__(self, other: RuleCounts) -> RuleCounts:
        """Put batches together."""
        both = dict.fromkeys((*self.of, *other.of))
        nothing = RuleCount()
        return RuleCounts({check: self.of.get(check, nothing) + other.of.get(check, nothing) for check in both})

    def tolerated(self) -> frozenset[Check]:
        """Give the rules that some rows break, but no larger share of all than they tolerate."""
        return frozenset(
            check for check, count in self.of.items() if count.failed and not fails(count.failed, count.checked, check)
        )


def tolerates(checks: Iterable[Check]) -> bool:
    """Tell whether any rule tolerates a share of rows, so that all rows must be counted before any finding is told."""
    return any(check.threshold for check in checks)
