"""The figures of a column that are watched, of one run beside its column's reference."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from operations.observations.files.reference import (
    MOST_CATEGORIES,
    CategoryReference,
    NumberReference,
    Reference,
)
from operations.observations.statistics.distances import (
    KS_MATTERS,
    PSI_MATTERS,
    binned,
    ks,
    ks_critical,
    psi,
    psi_critical,
)
from operations.observations.statistics.expectation import SEASON_FROM
from operations.observations.statistics.scales import of_share, to_share

if TYPE_CHECKING:
    from dq import ColumnFigures
    from operations.observations.statistics.scales import Floats

#: The least deviation of a share, as an angle, and of a mean, in deviations of its values.
_SHARE_NOISE, _MEAN_NOISE = 0.02, 0.02
#: That of a distance.
_DISTANCE_NOISE = 0.02
_LEAST_LOST = 3.0
_MOST_NAMED, _LONGEST_NAME = 5, 40

#: Figures that are shares, and those of which only much is unusual.
SHARES = frozenset({"nulls", "distinct", "new_values"})
ONLY_HIGH = frozenset({"psi", "ks", "new_values", "lost_values"})


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of one column of one run.

    Attributes:
        metric: which.
        value: on the scale on which it is judged.
        floor: the deviation it has by itself there.
        least: below it is never too high.
        told: what it is about, in words.
    """

    metric: str
    value: float
    floor: float
    least: float = -math.inf
    told: str = ""

    @property
    def shown(self) -> float:
        """The value as people know it."""
        return shown(self.metric, self.value)


def shown(metric: str, value: float) -> float:
    """A value of the scale on which it is judged as people know it."""
    if metric in SHARES:
        return to_share(value)
    return value * value if metric == "psi" else value


def figures_of(column: ColumnFigures, reference: Reference | None, risk: float) -> tuple[Figure, ...]:
    """The figures of a column.

    Args:
        column: of a run.
        reference: of its column; None at first.
        risk: of one test.
    """
    found: list[Figure] = []
    rows, present = column.rows, column.present
    if rows:
        found.append(_share("nulls", rows - present, rows))
    categories = column.counts
    is_category = categories is not None and 0 < len(categories) <= MOST_CATEGORIES
    if column.distinct is not None and present and not is_category:
        found.append(_distinct(column.distinct, present, column.distinct_error))
    if column.mean is not None and column.stddev is not None and math.isfinite(column.mean):
        spread = column.stddev
        noise = max(spread / math.sqrt(max(present, 1)), _MEAN_NOISE * spread, 1e-9 * abs(column.mean), 1e-300)
        found.append(Figure("mean", column.mean, noise))
    if isinstance(reference, NumberReference) and column.numbers is not None and len(column.numbers):
        found += _number_distances(column.numbers, reference, risk)
    if isinstance(reference, CategoryReference) and is_category and reference.is_watched:
        found += _categories(column, reference, risk)
    return tuple(found)


def next_reference(
    column: ColumnFigures, reference: Reference | None, *, accepted: bool, is_new_level: bool
) -> Reference | None:
    """The reference with a run; None where the column has no values to compare.

    Args:
        column: of the run.
        reference: without it.
        accepted: its distances were usual.
        is_new_level: they were unusual for so long that they are the rule from now on.
    """
    if column.numbers is not None:
        if not len(column.numbers):
            return reference
        if not isinstance(reference, NumberReference) or is_new_level:
            return NumberReference.of(column.numbers)
        return reference.with_run(column.numbers) if accepted else reference
    if column.counts is None or len(column.counts) > MOST_CATEGORIES:
        return reference
    known = reference if isinstance(reference, CategoryReference) else CategoryReference()
    if not known.is_watched:
        return known
    if is_new_level:
        known = CategoryReference({}, known.seen, known.runs)
    return known.with_run(column.counts, accepted=accepted or is_new_level)


def _share(metric: str, part: float, whole: float, error: float = 0.0) -> Figure:
    return Figure(metric, of_share(part, whole), max(1.0 / math.sqrt(whole), _SHARE_NOISE, error))


def _distinct(distinct: int, present: int, error: float) -> Figure:
    share = min(distinct / present, 1.0)
    # The derivative of the angle is 1 / sqrt(share (1 - share)).
    widened = error * share / math.sqrt(share * (1.0 - share)) if 0.0 < share < 1.0 else error
    return _share("distinct", min(distinct, present), present, widened)


def _number_distances(numbers: Floats, reference: NumberReference, risk: float) -> list[Figure]:
    if not len(reference.edges):
        return []
    counts, weights = binned(numbers, reference.edges), reference.weights
    many, others = float(len(numbers)), float(weights.sum())
    critical = psi_critical(many, others, len(weights), risk)
    return [
        Figure("psi", math.sqrt(psi(counts, weights)), _DISTANCE_NOISE, math.sqrt(max(critical, PSI_MATTERS))),
        Figure("ks", ks(counts, weights), _DISTANCE_NOISE, max(ks_critical(many, others, risk), KS_MATTERS)),
    ]


def _categories(column: ColumnFigures, reference: CategoryReference, risk: float) -> list[Figure]:
    counts = column.counts or {}
    rows = sum(counts.values())
    found = []
    own, weights = reference.histogram(counts)
    if len(own) > 1 and weights.sum() > 0:
        critical = psi_critical(float(rows), float(weights.sum()), len(own), risk)
        found.append(
            Figure("psi", math.sqrt(psi(own, weights)), _DISTANCE_NOISE, math.sqrt(max(critical, PSI_MATTERS)))
        )
    new = reference.new(counts)
    found.append(replace_told(_share("new_values", sum(counts[name] for name in new), rows), _named("new", new)))
    lost = reference.lost(counts, rows, _LEAST_LOST * -math.log(risk), SEASON_FROM)
    found.append(Figure("lost_values", float(len(lost)), 0.1, told=_named("not there any more", lost)))
    return found


def replace_told(figure: Figure, told: str) -> Figure:
    """The figure with words."""
    return Figure(figure.metric, figure.value, figure.floor, figure.least, told)


def _named(what: str, names: list[str]) -> str:
    if not names:
        return ""
    cut = [name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 3]}..." for name in names[:_MOST_NAMED]]
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"{what}: {', '.join(map(repr, cut))}{more}"
