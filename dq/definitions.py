"""Definitions, read in the words of all dimensions, whole-file rules and formats that there are here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dq.checks.plan import DIMENSIONS
from dq.checks.whole_file import FILE_RULES
from dq.formats.registry import known_formats
from dq.references.schemes import SCHEMES
from dq.schema.definition import ScoringMode
from dq.schema.loading.read_definition import read_definition, read_definition_or_none
from dq.schema.vocabulary import Vocabulary, WeightName
from dq.schema.writing import write_definition as write_in_words

if TYPE_CHECKING:
    from dq.formats.registry import Formats
    from dq.schema.definition import SchemaDefinition


def vocabulary(formats: Formats | None = None, mode: ScoringMode = ScoringMode.PROPORTIONAL) -> Vocabulary:
    """Give the names that a definition may use; `formats`: by default ours and those of installed packages."""
    return Vocabulary(
        weights=tuple(WeightName(dimension.key, dimension.metric, dimension.weight) for dimension in DIMENSIONS),
        file_rules={name: rule.read for name, rule in FILE_RULES.items()},
        formats=(formats or known_formats()).names(),
        reference_schemes=SCHEMES,
        mode=mode,
    )


def load_definition(
    raw: Any,  # noqa: ANN401 - any JSON value
    formats: Formats | None = None,
    mode: ScoringMode = ScoringMode.PROPORTIONAL,
) -> SchemaDefinition:
    """Load a definition from JSON text, UTF-8 bytes or parsed JSON, in any accepted spelling.

    Args:
        raw: the definition.
        formats: those it may name; by default ours and those of installed packages.
        mode: how it is scored unless it says so itself.

    Returns:
        The definition, with a fingerprint of its meaning and warnings about what has no effect in it.

    Raises:
        DefinitionError: lists every problem, each with its place and what was expected there.
    """
    return read_definition(raw, vocabulary(formats, mode))


def write_definition(definition: SchemaDefinition, mode: ScoringMode = ScoringMode.PROPORTIONAL) -> dict[str, Any]:
    """Write a definition as JSON values in one spelling; `load_definition` reads the same of them.

    Args:
        definition: as it was read.
        mode: how it is scored unless it says so itself.

    Raises:
        ValueError: it says something of a format that has options of its own, which nobody can write.
    """
    return write_in_words(definition, vocabulary(mode=mode), {name: rule.write for name, rule in FILE_RULES.items()})


def definition_or_none(
    raw: Any,  # noqa: ANN401 - any JSON value
    formats: Formats | None = None,
    mode: ScoringMode = ScoringMode.PROPORTIONAL,
) -> SchemaDefinition | None:
    """Load a definition, or give None where there is none: null, an empty object, an empty text.

    Raises:
        DefinitionError: there is one, and it is broken.
    """
    return read_definition_or_none(raw, vocabulary(formats, mode))
