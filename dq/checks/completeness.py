"""Checks of completeness: required fields hold no nulls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dq.checks.check import Check, Dimension

if TYPE_CHECKING:
    from dq.schema.definition import SchemaDefinition

REQUIRED: Final = "required"


def completeness_checks(definition: SchemaDefinition) -> tuple[Check, ...]:
    """Ask for a value in every cell of the required fields."""
    return tuple(
        Check(REQUIRED, Dimension.COMPLETENESS, (field.name,), field.required.severity, field.required.threshold)
        for field in definition.fields
        if field.required
    )
