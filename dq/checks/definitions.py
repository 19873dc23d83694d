"""Definitions in the words of the dimensions and rules that there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dq.checks.plan import DIMENSIONS
from dq.checks.whole_file import FILE_RULES
from dq.schema.loading.read_definition import read_definition, read_definition_or_none
from dq.schema.vocabulary import Vocabulary, WeightName

if TYPE_CHECKING:
    from dq.schema.definition import SchemaDefinition

VOCABULARY: Final = Vocabulary(
    weights=tuple(WeightName(dimension.key, dimension.metric, dimension.weight) for dimension in DIMENSIONS),
    file_rules={name: rule.read for name, rule in FILE_RULES.items()},
)


def load_definition(raw: Any) -> SchemaDefinition:  # noqa: ANN401 - any JSON value
    """Load a definition from JSON text, UTF-8 bytes or parsed JSON, in any accepted spelling.

    Returns:
        The definition, with a fingerprint of its meaning and warnings about what has no effect in it.

    Raises:
        DefinitionError: lists every problem, each with its place and what was expected there.
    """
    return read_definition(raw, VOCABULARY)


def definition_or_none(raw: Any) -> SchemaDefinition | None:  # noqa: ANN401 - any JSON value
    """Load a definition, or give None where there is none: null, an empty object, an empty text.

    Raises:
        DefinitionError: there is one, and it is broken.
    """
    return read_definition_or_none(raw, VOCABULARY)
