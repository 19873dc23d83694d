"""Definitions, loaded with the names of all formats that can be read here."""

from __future__ import annotations

from typing import Any

from dq.formats.registry import Formats, known_formats
from dq.schema.definition import SchemaDefinition
from dq.schema.loading import load_definition as loading


def load_definition(raw: Any, formats: Formats | None = None) -> SchemaDefinition:  # noqa: ANN401 - any JSON value
    """Load a definition from JSON text, UTF-8 bytes or parsed JSON, in any accepted spelling.

    Args:
        raw: the definition.
        formats: those it may name; by default ours and those of installed packages.

    Returns:
        The definition, with a fingerprint of its meaning and warnings about what has no effect in it.

    Raises:
        DefinitionError: lists every problem, each with its place and what was expected there.
    """
    return loading.load_definition(raw, (formats or known_formats()).names())


def definition_or_none(raw: Any, formats: Formats | None = None) -> SchemaDefinition | None:  # noqa: ANN401 - any JSON value
    """Load a definition, or give None where there is none: null, an empty object, an empty text.

    Raises:
        DefinitionError: there is one, and it is broken.
    """
    return loading.definition_or_none(raw, (formats or known_formats()).names())
