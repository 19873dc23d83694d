"""The definition that normalised texts are held against: days are in the order of ISO 8601 by then."""

from __future__ import annotations

from dataclasses import replace

from dq import SchemaDefinition
from pipelines.transforms.silver_columns import SilverColumns
from pipelines.transforms.values.date import DATE


def normalized_definition(definition: SchemaDefinition, columns: SilverColumns) -> SchemaDefinition:
    """Give the definition as it is, but that a field whose texts a step `date` read has no format of its own any more.

    The fingerprint stays: it is that of what somebody wrote.
    """
    read = {name for name, steps in columns.normalize if any(step.name == DATE.name for step in steps)}
    fields = tuple(replace(field, format=None) if field.name in read else field for field in definition.fields)
    return replace(definition, fields=fields)
