"""Checks of the schema: every declared field is there and holds its type, and nothing else is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dq.checks.check import Check, Dimension

if TYPE_CHECKING:
    from dq.schema.definition import SchemaDefinition

#: One per declared field: the column exists, exists once, and its cells are of the declared type.
FIELD: Final = "type"
#: One per strict definition: there is no column that was not declared.
NO_EXTRA: Final = "extra"


def schema_checks(definition: SchemaDefinition) -> tuple[Check, ...]:
    """Ask for every declared field, and under `strict` for no other column."""
    fields = tuple(
        Check(FIELD, Dimension.SCHEMA, (field.name,), field.severity, field.threshold, field.type)
        for field in definition.fields
    )
    return (*fields, Check(NO_EXTRA, Dimension.SCHEMA)) if definition.strict else fields
