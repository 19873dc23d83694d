"""All dimensions and whole-file rules there are, and the checks of a definition.

A new dimension, or a new rule over whole files, is one module and one line here.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from dq.checks.check import CheckPlan
from dq.checks.dimensions.bounds import BOUNDS
from dq.checks.dimensions.completeness import COMPLETENESS
from dq.checks.dimensions.format import FORMAT
from dq.checks.dimensions.schema import SCHEMA
from dq.checks.dimensions.uniqueness import UNIQUENESS

if TYPE_CHECKING:
    from dq.checks.dimension import Dimension
    from dq.schema.definition import SchemaDefinition

#: In the order of the verdict.
DIMENSIONS: Final[tuple[Dimension, ...]] = (
    SCHEMA,
    FORMAT,
    COMPLETENESS,
    BOUNDS,
    UNIQUENESS,
)


@lru_cache(maxsize=64)
def plan_checks(definition: SchemaDefinition | None) -> CheckPlan:
    """Derive every check of a definition; without one only the format is checked."""
    return CheckPlan(definition, tuple(check for dimension in DIMENSIONS for check in dimension.derive(definition)))
