"""Two verdicts on a file, one after the other: what is new, gone and staying, and why the score moved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from dq.checks.plan import DIMENSIONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dq.report.reported import KeptVerdict

#: Less than this is rounding, in points of the score.
_NOTHING: Final = 0.005


@dataclass(frozen=True, slots=True)
class Changed:
    """One failed rule, before and now. Of a new one `before` is 0, of one that has gone `now`: things that fail.

    `points` is how much more it costs now than before.
    """

    name: str
    rule: str
    before: int
    now: int
    points: float


@dataclass(frozen=True, slots=True)
class Moved:
    """What one metric costs now and cost before, in points."""

    metric: str
    before: float
    now: float

    @property
    def points(self) -> float:
        """How much more it costs now."""
        return self.now - self.before


@dataclass(frozen=True, slots=True)
class Differences:
    """How a verdict differs from the one before it.

    `compared` is False where one of them has no rules kept: then only the metrics are compared.
    """

    score_before: int
    score_now: int
    new: tuple[Changed, ...]
    gone: tuple[Changed, ...]
    staying: tuple[Changed, ...]
    moved: tuple[Moved, ...]
    compared: bool
    rows: tuple[int, int] | None


def differences(before: KeptVerdict, now: KeptVerdict) -> Differences:
    """Compare the failed rules of two verdicts, each found again by its dimension, name and columns."""
    old, new = _by_rule(before.rules or ()), _by_rule(now.rules or ())
    moved = [
        Moved(dimension.metric, _points(before, dimension.key), _points(now, dimension.key))
        for dimension in DIMENSIONS
        if abs(_points(before, dimension.key) - _points(now, dimension.key)) >= _NOTHING
    ]
    return Differences(
        before.score,
        now.score,
        new=tuple(_changed(None, rule) for key, rule in new.items() if key not in old),
        gone=tuple(_changed(rule, None) for key, rule in old.items() if key not in new),
        staying=tuple(_changed(old[key], rule) for key, rule in new.items() if key in old),
        moved=tuple(sorted(moved, key=lambda one: -abs(one.points))),
        compared=before.rules is not None and now.rules is not None,
        rows=_rows(before, now),
    )


def _points(verdict: KeptVerdict, key: str) -> float:
    return float(verdict.deductions.get(key, 0.0))


def _by_rule(rules: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str, str], Mapping[str, Any]]:
    return {(str(rule["dimension"]), str(rule["rule"]), str(rule.get("column") or "")): rule for rule in rules}


def _changed(before: Mapping[str, Any] | None, now: Mapping[str, Any] | None) -> Changed:
    some = now or before or {}
    was, is_now = before or {}, now or {}
    return Changed(
        name=some.get("column") or "",
        rule=str(some["rule"]),
        before=was.get("failed", 0),
        now=is_now.get("failed", 0),
        points=float(is_now.get("deduction", 0.0)) - float(was.get("deduction", 0.0)),
    )


def _rows(before: KeptVerdict, now: KeptVerdict) -> tuple[int, int] | None:
    was, is_now = ((one.profile or {}).get("statisticalSummary", {}).get("rows") for one in (before, now))
    return None if was is None or is_now is None else (was, is_now)
