"""All checks of a definition, dimension by dimension."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from dq.checks.bounds import bounds_checks
from dq.checks.check import Check, Dimension
from dq.checks.completeness import completeness_checks
from dq.checks.format import format_checks
from dq.checks.schema import schema_checks
from dq.checks.uniqueness import uniqueness_checks
from dq.schema.definition import SchemaDefinition, Scoring

if TYPE_CHECKING:
    from collections.abc import Callable

#: What a definition asks for, in the order of the verdict.
DERIVERS: Final[tuple[Callable[[SchemaDefinition], tuple[Check, ...]], ...]] = (
    schema_checks,
    completeness_checks,
    bounds_checks,
    uniqueness_checks,
)


@dataclass(frozen=True, slots=True)
class CheckPlan:
    """What to count in one file. Without a definition only the format is checked."""

    definition: SchemaDefinition | None
    checks: tuple[Check, ...]

    @property
    def scoring(self) -> Scoring:
        """How the counts become a score; the defaults where nothing is defined."""
        return self.definition.scoring if self.definition else Scoring()

    @property
    def sensitive(self) -> frozenset[str]:
        """Names of the columns whose values may appear nowhere."""
        fields = self.definition.fields if self.definition else ()
        return frozenset(field.name for field in fields if field.sensitive)

    def of(self, dimension: Dimension) -> tuple[Check, ...]:
        """Give the checks of one dimension."""
        return tuple(check for check in self.checks if check.dimension is dimension)


@lru_cache(maxsize=64)
def plan_checks(definition: SchemaDefinition | None) -> CheckPlan:
    """Derive every check of a definition, beside the check of the format, which always runs."""
    derived = tuple(check for derive in DERIVERS for check in derive(definition)) if definition else ()
    return CheckPlan(definition, (*format_checks(), *derived))
