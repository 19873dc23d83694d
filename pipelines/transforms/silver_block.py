"""From the JSON of a definition's `silver` block to `SilverColumns`, with everything that is wrong with it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from dq import FieldType, Problems, SchemaDefinition, fold, kind_of, read_properties, shown, suggestion
from pipelines.transforms.derive import read_derived
from pipelines.transforms.derived_column import DerivedColumn
from pipelines.transforms.read_steps import read_steps
from pipelines.transforms.silver_columns import OWN_COLUMNS, SilverColumns
from pipelines.transforms.step import NormalizeStep

#: The properties that are read here, by their folded spellings; who reads others of the block adds these to its own.
PROPERTIES: Final = {
    "normalize": "normalize",
    "normalise": "normalize",
    "derive": "derive",
    "rename": "rename",
    "drop": "drop",
}
#: What can be derived from beside the columns of a file: what is known of its run.
RUN_COLUMNS: Final = MappingProxyType(
    {"agency": FieldType.STRING, "run_date": FieldType.DATE, "run_hour": FieldType.INTEGER}
)
#: Columns that every silver table has.
TABLE_COLUMNS: Final = ("_agency_slug", "_run_date", "_run_hour", "_object_id", "_line", *OWN_COLUMNS)
_NONE: Final[Mapping[str, FieldType]] = MappingProxyType({})
_PLACE: Final = "silver"


def silver_block(definition: SchemaDefinition) -> dict[str, Any]:
    """Give the block as a definition carries it along, with exact numbers; an empty one where there is none."""
    block: dict[str, Any] = json.loads(definition.silver or "{}", parse_float=Decimal)
    return block


def read_silver_columns(
    raw: Mapping[str, Any],
    fields: Mapping[str, FieldType],
    problems: Problems,
    enriched: Mapping[str, FieldType] = _NONE,
) -> SilverColumns:
    """Read `normalize`, `derive`, `rename` and `drop`; of other properties of the block nothing is said here.

    Args:
        raw: the block.
        fields: the types of the declared fields, by their names in the file.
        problems: what is wrong is noted here, all of it.
        enriched: the types of columns that come from elsewhere before columns are derived.

    Returns:
        What was understood. It may be used when nothing was added to `problems.found`.
    """
    others = {fold(str(key)) for key in raw} - PROPERTIES.keys()
    properties = read_properties(raw, PROPERTIES, _PLACE, problems, others)
    there = {**fields, **enriched}
    derived = tuple(_read_derive(properties.get("derive"), there, problems))
    names = [one.name for one in derived]
    columns = SilverColumns(
        normalize=tuple(_read_normalize(properties.get("normalize"), fields, problems)),
        derive=derived,
        rename=tuple(_read_rename(properties.get("rename"), there, names, problems)),
        drop=tuple(_read_drop(properties.get("drop"), there, names, problems)),
    )
    _check_names(columns, there, problems)
    return columns


def _object(raw: Any, name: str, example: str, problems: Problems) -> dict[str, Any]:  # noqa: ANN401 - any JSON value
    if raw is None or isinstance(raw, dict):
        return raw or {}
    problems.add(f"{_PLACE}, {name}", f"is {kind_of(raw)}; expected an object such as {example}")
    return {}


def _read_normalize(
    raw: Any,  # noqa: ANN401 - any JSON value
    fields: Mapping[str, FieldType],
    problems: Problems,
) -> Iterator[tuple[str, tuple[NormalizeStep, ...]]]:
    for name, said in _object(raw, "normalize", '{"driver": ["trim", "title"]}', problems).items():
        place = f"{_PLACE}, normalize, {shown(name)}"
        if name not in fields:
            problems.add(place, f"is no declared field{suggestion(name, fields)}")
        steps = read_steps(said, place, problems)
        if steps:
            yield name, steps


def _read_derive(
    raw: Any,  # noqa: ANN401 - any JSON value
    there: Mapping[str, FieldType],
    problems: Problems,
) -> Iterator[DerivedColumn]:
    sources = {**RUN_COLUMNS, **there}
    example = '{"trip_ref": {"concat": ["agency", "id"]}}'
    for name, said in _object(raw, "derive", example, problems).items():
        place = f"{_PLACE}, derive, {shown(name)}"
        if not name.strip():
            problems.add(place, "is no name; expected that of the column to derive")
        if name in there:
            problems.add(place, "is a column already; expected another name")
        column = read_derived(name, said, place, sources, problems)
        if column is not None:
            yield column


def _read_rename(
    raw: Any,  # noqa: ANN401 - any JSON value
    there: Mapping[str, FieldType],
    derived: list[str],
    problems: Problems,
) -> Iterator[tuple[str, str]]:
    place = f"{_PLACE}, rename"
    for name, new in _object(raw, "rename", '{"drv": "driver"}', problems).items():
        if not isinstance(new, str) or not new.strip():
            problems.add(place, f"{shown(name)} becomes {shown(new)}; expected a name")
        elif _is_there(name, there, derived, place, problems):
            yield name, new


def _read_drop(
    raw: Any,  # noqa: ANN401 - any JSON value
    there: Mapping[str, FieldType],
    derived: list[str],
    problems: Problems,
) -> Iterator[str]:
    place = f"{_PLACE}, drop"
    names = [raw] if isinstance(raw, str) else raw or []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        problems.add(place, f'is {shown(raw)}; expected a list of columns such as ["internal_note"]')
        return
    yield from (name for name in dict.fromkeys(names) if _is_there(name, there, derived, place, problems))


def _is_there(name: str, there: Mapping[str, FieldType], derived: list[str], place: str, problems: Problems) -> bool:
    if name in derived:
        problems.add(place, f"{shown(name)} is derived; name it under derive as it shall be, or leave it out there")
    elif name not in there:
        problems.add(place, f"{shown(name)} is no declared field{suggestion(name, there)}")
    return name in there


def _check_names(columns: SilverColumns, there: Mapping[str, FieldType], problems: Problems) -> None:
    """No column may be left out and renamed, and each that is left has a name of its own."""
    renamed = dict(columns.rename)
    for name in columns.drop:
        if name in renamed:
            problems.add(f"{_PLACE}, drop", f"{shown(name)} is renamed as well; expected one of both")
    left = [renamed.get(name, name) for name in there if name not in columns.drop]
    left += [one.name for one in columns.derive if one.name not in there]
    for name, often in Counter(left).items():
        if often > 1:
            olds = " and ".join(shown(old) for old in there if renamed.get(old) == name)
            problems.add(f"{_PLACE}, rename", f"{olds} becomes {shown(name)}, which is the name of another column")
        if name in TABLE_COLUMNS:
            problems.add(_PLACE, f"{shown(name)} is a column that every silver table has; expected another name")
