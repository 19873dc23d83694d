"""Checks of uniqueness: no two rows share a declared key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dq.checks.check import Check, Dimension

if TYPE_CHECKING:
    from dq.schema.definition import SchemaDefinition

UNIQUE: Final = "unique"


def uniqueness_checks(definition: SchemaDefinition) -> tuple[Check, ...]:
    """Ask that every declared key occurs once."""
    return tuple(
        Check(UNIQUE, Dimension.UNIQUENESS, key.columns, key.severity, key.threshold) for key in definition.keys
    )
