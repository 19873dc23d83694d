"""What a definition's `silver` block says of a file's way into the lake, whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, cast

from dq import PipelineError, Problems, SchemaDefinition, fold, read_properties, shown
from pipelines.lake.files.folders import plain_name
from pipelines.lake.schema.drift import NewColumns
from pipelines.transforms.enriched.enrichment import Enrichment
from pipelines.transforms.enriched.read_enrich import read_enrich
from pipelines.transforms.silver_block import PROPERTIES, read_silver_columns, silver_block
from pipelines.transforms.silver_columns import SilverColumns

#: `quarantine`: a row with a value of another type goes there; `freeze`: the whole object is held.
Types = Literal["quarantine", "freeze"]

_PLACE: Final = "silver"
_SPELLINGS: Final = {"table": "table", "mode": "mode", "enrich": "enrich", "drift": "drift"}
_DRIFT: Final = {"newcolumns": "new_columns", "types": "types"}
_NEW_COLUMNS: Final = ("evolve", "discard", "freeze")
_TYPES: Final = ("quarantine", "freeze")
_MODES: Final = ("replace_run", "merge")


@dataclass(frozen=True, slots=True)
class SilverPlan:
    """Where the rows of a file go, what becomes of their values and columns, and of columns that nobody expected.

    `enrich`: the references that rows get columns from. `key`: the table has one row for each value of these columns;
    without any, the rows of a run are replaced as a whole.
    """

    table: str
    columns: SilverColumns
    enrich: tuple[Enrichment, ...] = ()
    new_columns: NewColumns = "evolve"
    types: Types = "quarantine"
    key: tuple[str, ...] = ()


class SilverBlockError(PipelineError):
    """A definition's `silver` block cannot be used; the message lists all that is wrong."""


def read_silver_plan(definition: SchemaDefinition, file_name: str) -> SilverPlan:
    """Read the block of a definition; without one all rows that pass go into a table called as the file is.

    Raises:
        SilverBlockError: it cannot be used.
    """
    raw, problems = silver_block(definition), Problems()
    fields = {field.name: field.type for field in definition.fields}
    others = {fold(str(key)) for key in raw} & PROPERTIES.keys()
    properties = read_properties(raw, _SPELLINGS, _PLACE, problems, others)
    enrich = read_enrich(properties.get("enrich"), fields, problems)
    taken = {name: kind for one in enrich for name, kind in one.types.items()}
    columns = read_silver_columns(raw, fields, problems, taken)
    table = properties.get("table", file_name)
    if not isinstance(table, str) or not table.strip():
        problems.add(_PLACE, f"table is {shown(table)}; expected a name")
    mode = properties.get("mode", _MODES[0])
    if mode not in _MODES:
        problems.add(_PLACE, f"mode is {shown(mode)}; expected one of {', '.join(_MODES)}")
    key = _read_key(definition, columns, problems) if mode == "merge" else ()
    drift = _read_drift(properties.get("drift"), problems)
    if problems.found:
        raise SilverBlockError(f"the silver block of {file_name}: {'; '.join(problems.found)}")
    return SilverPlan(
        plain_name(str(table)),
        columns,
        enrich,
        cast("NewColumns", drift.get("new_columns", "evolve")),
        cast("Types", drift.get("types", "quarantine")),
        key,
    )


def _read_key(definition: SchemaDefinition, columns: SilverColumns, problems: Problems) -> tuple[str, ...]:
    """Give the primary key by the names that its columns have in the table."""
    if not definition.primary_key:
        problems.add(_PLACE, "mode is merge, and there is no primaryKey to merge by; declare one")
    names = dict(columns.arranged(field.name for field in definition.fields))
    for column in definition.primary_key:
        if column not in names:
            problems.add(_PLACE, f"mode is merge, and column {shown(column)} of the primaryKey is dropped; keep it")
    return tuple(names.get(column, column) for column in definition.primary_key)


def usable_plan(
    definition: SchemaDefinition | PipelineError | None, file_name: str
) -> tuple[SchemaDefinition, SilverPlan]:
    """Give a definition and what it says of the lake.

    Raises:
        SilverBlockError: there is none, or it cannot be used.
    """
    if definition is None:
        raise SilverBlockError("there is no definition, which would say what its rows should look like; add one")
    if isinstance(definition, PipelineError):
        raise SilverBlockError(f"its definition cannot be used: {definition}")
    return definition, read_silver_plan(definition, file_name)


def _read_drift(raw: Any, problems: Problems) -> Mapping[str, str]:  # noqa: ANN401 - any JSON value
    place = f"{_PLACE}, drift"
    if raw is None:
        return {}
    if not isinstance(raw, dict):
        problems.add(place, f'is {shown(raw)}; expected an object such as {{"new_columns": "evolve"}}')
        return {}
    properties = read_properties(raw, _DRIFT, place, problems, ())
    for name, allowed in (("new_columns", _NEW_COLUMNS), ("types", _TYPES)):
        if properties.get(name, allowed[0]) not in allowed:
            problems.add(place, f"{name} is {shown(properties[name])}; expected one of {', '.join(allowed)}")
    return properties
