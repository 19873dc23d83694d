"""Checks of bounds: what a value may be, beyond its type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dq.checks.check import Check, Dimension

if TYPE_CHECKING:
    from dq.schema.definition import SchemaDefinition


def bounds_checks(definition: SchemaDefinition) -> tuple[Check, ...]:
    """Ask for min, max, enum, pattern, minLength and maxLength of every field that has them."""
    return tuple(
        Check(name, Dimension.BOUNDS, (field.name,), rule.severity, rule.threshold, rule.value)
        for field in definition.fields
        for name, rule in field.bounds
    )
