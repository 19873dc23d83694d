"""What a page is made of: a verdict as it was made or as it is kept, and what is known around it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dq.report.around import AroundRun
    from dq.verdict.verdict import Verdict


@dataclass(frozen=True, slots=True)
class KeptVerdict:
    """One verdict as JSON-able data. `rules` and `profile` are None where nothing keeps them."""

    score: int
    passed: bool
    metrics: Mapping[str, Any]
    deductions: Mapping[str, float]
    message: str | None = None
    rules: Sequence[Mapping[str, Any]] | None = None
    profile: Mapping[str, Any] | None = None


def kept(verdict: Verdict, profile: Mapping[str, Any]) -> KeptVerdict:
    """Give a verdict that was just made as one that is kept; `profile` is its payload, read."""
    return KeptVerdict(
        verdict.score,
        verdict.passed,
        verdict.metrics,
        verdict.deductions,
        verdict.failed_validation_message,
        verdict.failed_validation_rules,
        profile,
    )


@dataclass(frozen=True, slots=True)
class HistoryPoint:
    """The score of one run. `label` is its window, `link` the page that shows it, if there is one."""

    label: str
    score: int
    passed: bool
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Reported:
    """One page: a verdict and what is known of the file it is about.

    `facts` are pairs of a name and a text, shown under the title. `before` is the verdict on the run before this one,
    `before_label` its window. `history` is ascending and ends with this run. `pass_score` is None where nothing says
    it.
    """

    title: str
    verdict: KeptVerdict
    facts: tuple[tuple[str, str], ...] = ()
    before: KeptVerdict | None = None
    before_label: str = ""
    history: tuple[HistoryPoint, ...] = ()
    pass_score: float | None = None
    warnings: tuple[str, ...] = ()
    #: address and text of the page above this one
    up: tuple[str, str] | None = None
    #: what operations keep around the run; None where no database was asked
    around: AroundRun | None = None


@dataclass(frozen=True, slots=True)
class FileLine:
    """One file in an overview: its newest verdict, the points before it, and the page that shows it."""

    agency: str
    file: str
    window: str
    score: int
    passed: bool
    reason: str
    history: tuple[HistoryPoint, ...]
    link: str | None = None
