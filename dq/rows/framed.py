"""A table and a definition brought together: what its columns are taken for, and which checks it faces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, get_args

import pyarrow as pa

from dq.checks.check import CheckPlan
from dq.checks.plan import plan_checks
from dq.definitions import load_definition
from dq.formats.typed.columns import families, plain
from dq.profiling.row_rules.reference_keys import NO_REFERENCES, KnownReferences
from dq.profiling.tally.recipe import CellEncoding, Recipe, make_recipe
from dq.schema.definition import FieldType, SchemaDefinition
from etl_core.errors import UsageError

#: How the cells of a table are taken: `typed`, as those of a Parquet file; `text`, as those of a CSV file, each parsed
#: by the grammar of its declared type; `auto`: as text where all columns are text and other types are declared.
CellsAs: TypeAlias = Literal["auto", "typed", "text"]
_WAYS: Final = get_args(CellsAs)
_AS_THEY_CAME = (FieldType.STRING, FieldType.ANY)


@dataclass(frozen=True, slots=True)
class FramedChecks:
    """A definition laid over the columns of a table; `references` are the keys that rows may refer to."""

    definition: SchemaDefinition
    plan: CheckPlan
    recipe: Recipe
    references: KnownReferences = field(default_factory=dict)


def is_of_spark(frame: object) -> bool:
    """Tell whether a table is one of PySpark, without loading it."""
    return type(frame).__name__ == "DataFrame" and type(frame).__module__.startswith("pyspark.sql.")


def definition_of(definition: Any) -> SchemaDefinition:  # noqa: ANN401 - in any form
    """Take a definition: loaded already, as parsed JSON, as JSON text, or as the path of a file that holds it.

    Raises:
        DefinitionError: it is broken; lists every problem.
        UsageError: its file cannot be read.
    """
    if isinstance(definition, SchemaDefinition):
        return definition
    is_text = isinstance(definition, str) and definition.lstrip().startswith(("{", "["))
    if is_text or not isinstance(definition, str | Path):
        return load_definition(definition)
    try:
        return load_definition(Path(definition).read_bytes())
    except OSError as error:
        message = f"the definition {str(definition)!r} cannot be read: {error.strerror}; expected JSON text or a file"
        raise UsageError(message) from None


def framed(
    schema: pa.Schema,
    definition: Any,  # noqa: ANN401 - in any form
    cells: CellsAs,
    references: KnownReferences = NO_REFERENCES,
) -> FramedChecks:
    """Lay a definition, in any form that `definition_of` takes, over the columns of a table.

    Raises:
        DefinitionError: the definition is broken; lists every problem.
        UsageError: its file cannot be read, or cells cannot be taken so.
    """
    if cells not in _WAYS:
        raise UsageError(f"cells cannot be taken as {cells!r}; expected one of {', '.join(_WAYS)}")
    known = definition_of(definition)
    header = [field.name.strip() for field in schema]
    kinds = [plain(pa.nulls(0, field.type)).type for field in schema]
    text = _all_text(header, kinds, known) if cells == "auto" else cells == "text"
    encoding = CellEncoding.TEXT if text else CellEncoding.TYPED
    recipe = make_recipe(header, known, encoding=encoding, inferred={} if text else families(schema))
    return FramedChecks(known, plan_checks(known), recipe, references)


def _all_text(header: Sequence[str], kinds: Sequence[pa.DataType], definition: SchemaDefinition) -> bool:
    """Tell whether all columns are text, or empty, though some of them are declared as something else."""
    declared = {field.name: field.type for field in definition.fields}
    typed = any(declared.get(name, FieldType.ANY) not in _AS_THEY_CAME for name in header)
    texts = [kind for kind in kinds if not pa.types.is_null(kind)]
    return typed and bool(texts) and all(map(pa.types.is_string, texts))
