"""One thing to count in a file, and what a failing count means."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import Any

from dq.schema.definition import Severity


class Dimension(str, Enum):
    """The five aspects of quality; the values are the keys of `deductions`."""

    SCHEMA = "schema"
    FORMAT = "format"
    COMPLETENESS = "completeness"
    BOUNDS = "bounds"
    UNIQUENESS = "uniqueness"


@dataclass(frozen=True, slots=True)
class Check:
    """One rule over some columns.

    `columns` is empty for a rule over the whole file. A failing share up to `threshold` is tolerated. `argument` is
    the value cells are compared with, or None.
    """

    rule: str
    dimension: Dimension
    columns: tuple[str, ...] = ()
    severity: Severity = Severity.ERROR
    threshold: Fraction = Fraction(0)
    argument: Any = None

    def __hash__(self) -> int:
        """Hash what tells most checks apart; that of a fraction takes as long as all the rest."""
        return hash((self.rule, self.columns))
