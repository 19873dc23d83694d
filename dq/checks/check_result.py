"""What became of the checks: passed, failed or not run, with the counts behind it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from dq.schema.definition import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dq.checks.check import Check
    from dq.profiling.summary.summary import Example


_NOTHING: Final = Fraction(0)


class Status(str, Enum):
    """Unknown is not passed: what could not be looked at is `not_run`."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_RUN = "not_run"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check, or one of several reasons why a check failed.

    `rule` names the reason (missing, type, repeated, extra, ...), `column` the column or columns it speaks of.
    `failed` of `checked` things failed. `share` is the part of the metric's weight that is lost in proportional
    mode; it is 0 for warnings and for everything tolerated. `text` says it to a person. `of_whole_rows`: its examples
    are texts of rows, which may hold values of every column; `reasons` counts them by why. `why_no_example` says why a
    failure has no example where it has none, `why_not_run` why a check could not be looked at, where its column is not
    simply missing or of another type. `measured` is what a rule over a whole file was compared with, in its own terms.
    """

    check: Check
    status: Status
    rule: str
    column: str | None = None
    failed: int = 0
    checked: int = 0
    share: Fraction = _NOTHING
    text: str = ""
    examples: tuple[Example, ...] = ()
    of_whole_rows: bool = False
    reasons: tuple[tuple[str, int], ...] = ()
    why_no_example: str = ""
    why_not_run: str = ""
    measured: object = None

    @property
    def counts(self) -> bool:
        """Whether this makes its metric fail: it failed, and is not only a warning."""
        return self.status is Status.FAILED and self.check.severity is not Severity.WARNING


@dataclass(frozen=True, slots=True)
class Measure:
    """All results of one dimension, the counts over them, and what to tell a person about it.

    `figures` are numbers that only this dimension has, by their key in its metric.
    """

    dimension: str
    results: tuple[CheckResult, ...]
    failed: int
    checked: int
    details: str
    figures: tuple[tuple[str, int], ...] = ()

    @property
    def share(self) -> Fraction:
        """The share of the weight that is lost in proportional mode, at most 1."""
        return min(Fraction(1), total_share(self.results))

    @property
    def failures(self) -> tuple[CheckResult, ...]:
        """The results that make the metric fail."""
        return tuple(result for result in self.results if result.counts)

    @property
    def status(self) -> Status:
        """The status of the metric; without any check, and with none that could run, it is `not_run`."""
        if self.failures:
            return Status.FAILED
        ran = any(result.status is not Status.NOT_RUN for result in self.results)
        return Status.PASSED if ran else Status.NOT_RUN

    @property
    def passed(self) -> bool:
        """Whether the metric passed: so it does when nothing was asked of it, not when nothing could be checked."""
        return self.status is Status.PASSED or not self.results


def total_share(results: Iterable[CheckResult]) -> Fraction:
    """Add up the shares; nearly all are 0, and adding fractions is slow."""
    return sum((result.share for result in results if result.share), _NOTHING)


def fails(failed: int, checked: int, check: Check) -> bool:
    """Tell whether a failing share is beyond what the check tolerates."""
    tolerated = check.threshold  # failed / checked > tolerated, in whole numbers
    return checked > 0 and failed * tolerated.denominator > tolerated.numerator * checked


def status_of(failed: int, checked: int, check: Check) -> Status:
    """Give the status of a check that ran."""
    return Status.FAILED if fails(failed, checked, check) else Status.PASSED
