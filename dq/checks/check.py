"""One thing to count in a file, and what a failing count means; and all that is counted in one file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from dq.schema.definition import SchemaDefinition, Scoring, Severity


@dataclass(frozen=True, slots=True)
class Check:
    """One rule over some columns.

    `dimension` is the key of the dimension it belongs to. `columns` is empty for a rule over the whole file. A failing
    share up to `threshold` is tolerated. `argument` is the value cells are compared with, or None.
    """

    rule: str
    dimension: str
    columns: tuple[str, ...] = ()
    severity: Severity = Severity.ERROR
    threshold: Fraction = Fraction(0)
    argument: Any = None

    def __hash__(self) -> int:
        """Hash what tells most checks apart; that of a fraction takes as long as all the rest."""
        return hash((self.rule, self.columns))


@dataclass(frozen=True, slots=True)
class CheckPlan:
    """What to count in one file. Without a definition only the format is checked.

    `run_start` is when the window of the file's run begins, aware; None where no run is known.
    """

    definition: SchemaDefinition | None
    checks: tuple[Check, ...]
    run_start: datetime | None = None

    @property
    def scoring(self) -> Scoring:
        """How the counts become a score; the defaults where nothing is defined."""
        return self.definition.scoring if self.definition else Scoring()

    @property
    def sensitive(self) -> frozenset[str]:
        """Names of the columns whose values may appear nowhere."""
        fields = self.definition.fields if self.definition else ()
        return frozenset(field.name for field in fields if field.sensitive)

    def of(self, dimension: str) -> tuple[Check, ...]:
        """Give the checks of one dimension."""
        return tuple(check for check in self.checks if check.dimension == dimension)
