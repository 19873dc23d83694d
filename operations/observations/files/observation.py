"""What is said of one figure of one run."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class State(str, Enum):
    """Whether a figure is as expected."""

    NORMAL = "normal"
    UNUSUAL = "unusual"
    NOT_RUN = "not_run"


@dataclass(frozen=True, slots=True)
class Observation:
    """One figure of one run beside what was expected.

    Attributes:
        run_id: of the run, as text.
        metric: rows, size, score, columns (what came of all of them), or nulls, distinct, mean, psi, ks, new_values,
            lost_values of one column.
        column: its name; empty for figures of the whole file.
        state: as expected, not, or nothing can be said.
        value: rows, bytes, points, a share, a mean or a distance; None where there is none.
        low: the least that was expected, in the same unit; None where there is no such limit.
        high: the most.
        deviation: the distance from the middle of what was expected, in half widths of it: beyond 1 is unusual.
        reason: why nothing can be said, or what is unusual.
    """

    run_id: str
    metric: str
    column: str
    state: State
    value: float | None = None
    low: float | None = None
    high: float | None = None
    deviation: float | None = None
    reason: str = ""
