"""From the YAML file of a flow to a `Flow`, or to everything that is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from dq import (
    FieldType,
    Problems,
    SchemaDefinition,
    exact,
    fold,
    kind_of,
    load_definition,
    read_properties,
    shown,
    suggestion,
)
from etl_core.errors import ProblemsError
from etl_core.yaml_document import YamlError, read_yaml
from pipelines.etl.errors import FlowError
from pipelines.etl.flow.bound_query import BINDS, BoundQuery
from pipelines.etl.flow.flow import Flow, Gate, Mode, Source, Target, digest_of
from pipelines.transforms.derive import sources
from pipelines.transforms.silver_block import read_silver_columns
from pipelines.transforms.silver_columns import SilverColumns

#: The settings that may name a database in a flow.
ADDRESSES: Final = ("SOURCE_DATABASE_URL", "WAREHOUSE_URL", "DATABASE_URL")
MODES: Final[tuple[Mode, ...]] = ("upsert", "replace_day", "append_once")
#: What columns may be derived from in files, and is not known of a flow's rows.
_OF_FILES: Final = ("agency", "run_hour")
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")
_MOST_PARTITIONS: Final = 256
_PARTS: Final = {name: name for name in ("flow", "source", "definition", "silver", "load", "gate", "description")}
_SOURCE: Final = {"url": "url", "query": "query", "partitionon": "partition_on", "partitions": "partitions"}
_LOAD: Final = {name: name for name in ("url", "table", "key", "mode", "day")}
_GATE: Final = {"maxfailedshare": "max_failed_share", "minscore": "min_score"}


def flow_names(folder: Path) -> tuple[str, ...]:
    """Name the flows of a folder."""
    return tuple(sorted(path.stem for path in folder.glob("*.yaml")))


def read_flow(name: str, folder: Path) -> Flow:
    """Read the flow `name` from its file in a folder.

    Raises:
        FlowError: there is none, or it cannot be used; lists every problem, each with its place.
    """
    names = flow_names(folder)
    if name not in names:
        there = f"there are {', '.join(names)}" if names else "it has no file NAME.yaml"
        raise FlowError(f"the flow {name!r}", [f"{folder} has no flow of this name{suggestion(name, names)}; {there}"])
    subject = f"the flow {name} ({name}.yaml)"
    try:
        raw = read_yaml((folder / f"{name}.yaml").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YamlError) as error:
        raise FlowError(subject, [f"it cannot be read: {error}"]) from error
    if not isinstance(raw, dict):
        raise FlowError(subject, [f"it is {kind_of(raw)}; expected an object with {', '.join(_PARTS)}"])
    problems = Problems()
    flow = _read(name, raw, folder, problems)
    found = [*problems.found, *problems.warnings]  # a word that has no effect is a mistake in a file of one's own
    if found or flow is None:
        raise FlowError(subject, found)
    return flow


def _read(name: str, raw: Mapping[str, Any], folder: Path, problems: Problems) -> Flow | None:
    parts = read_properties(raw, _PARTS, "flow", problems)
    if parts.get("flow") != name or not _NAME.fullmatch(name):
        expected = f"{shown(name)}, as the file is called, in small letters, digits and underscores"
        problems.add("flow", f"is {shown(parts.get('flow'))}; expected {expected}")
    source = _read_source(_object(parts, "source", problems), folder, problems)
    definition = _read_definition(parts.get("definition"), problems)
    fields = _fields(parts.get("definition"), definition)
    silver = _read_silver(_object(parts, "silver", problems, needed=False), fields, problems)
    target = _read_target(_object(parts, "load", problems), definition, problems)
    gate = _read_gate(_object(parts, "gate", problems, needed=False), problems)
    if source is None or definition is None or target is None:
        return None
    digests = {
        "extract": digest_of(parts["source"], source.query.written),
        "transform": digest_of(definition.fingerprint, parts.get("silver"), parts.get("gate")),
        "load": digest_of(parts["load"]),
    }
    return Flow(name, source, definition, silver, target, gate, tuple(digests.items()))


def _object(parts: Mapping[str, Any], name: str, problems: Problems, *, needed: bool = True) -> dict[str, Any]:
    value = parts.get(name)
    if isinstance(value, dict) or (value is None and not needed):
        return value or {}
    problems.add(name, "is missing" if value is None else f"is {kind_of(value)}; expected an object")
    return {}


def _text(properties: Mapping[str, Any], name: str, place: str, what: str, problems: Problems) -> str | None:
    value = properties.get(name)
    if isinstance(value, str) and value.strip():
        return value
    problems.add(place, f"{name} is {'missing' if value is None else shown(value)}; expected {what}")
    return None


def _address(properties: Mapping[str, Any], place: str, problems: Problems) -> str | None:
    what = f"the name of a setting: {', '.join(ADDRESSES)}"
    url = _text(properties, "url", place, what, problems)
    if url is None or url in ADDRESSES:
        return url
    if "://" in url:  # which has a password, perhaps
        problems.add(place, f"url is an address; expected {what}, which holds it, for files of flows are no secrets")
    else:
        problems.add(place, f"url is {shown(url)}; expected {what}{suggestion(url, ADDRESSES)}")
    return None


def _read_source(raw: Mapping[str, Any], folder: Path, problems: Problems) -> Source | None:
    if not raw:
        return None
    properties = read_properties(raw, _SOURCE, "source", problems)
    url = _address(properties, "source", problems)
    query = _read_query(properties, folder, problems)
    column = properties.get("partition_on")
    if column is not None and not (isinstance(column, str) and column.strip()):
        problems.add("source", f"partition_on is {shown(column)}; expected a column that tells rows apart")
    count = properties.get("partitions")
    if count is not None and not (isinstance(count, int) and 1 <= count <= _MOST_PARTITIONS):
        problems.add("source", f"partitions is {shown(count)}; expected a whole number from 1 to {_MOST_PARTITIONS}")
    if count is not None and column is None:
        problems.add(
            "source", "partitions is given, and partition_on is not; expected the column that rows are shared by"
        )
    return None if url is None or query is None else Source(url, query, column, count)


def _read_query(properties: Mapping[str, Any], folder: Path, problems: Problems) -> BoundQuery | None:
    name = _text(properties, "query", "source", "the name of a file beside this one, such as changes.sql", problems)
    if name is None:
        return None
    if Path(name).name != name:
        problems.add("source", f"query is {shown(name)}; expected the name of a file beside this one")
        return None
    try:
        written = (folder / name).read_text(encoding="utf-8").strip().removesuffix(";")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        problems.add("source", f"the query {name} cannot be read: {reason}")
        return None
    query = BoundQuery(written)
    for bind in query.binds:
        if bind not in BINDS:
            problems.add("source", f"{name} binds :{bind}; expected :since and :until and no others")
    return query


def _read_definition(raw: Any, problems: Problems) -> SchemaDefinition | None:  # noqa: ANN401 - any JSON value
    if not isinstance(raw, dict):
        problems.add("definition", "is missing" if raw is None else f"is {kind_of(raw)}; expected an object")
        return None
    try:
        definition = load_definition(raw)
    except ProblemsError as error:
        problems.found += [f"definition, {problem}" for problem in error.problems]
        return None
    problems.found += [f"definition, {warning}" for warning in definition.warnings]
    if definition.silver is not None:
        problems.add("definition", "silver stands within it; expected it beside definition")
    return definition


def _fields(raw: Any, definition: SchemaDefinition | None) -> dict[str, FieldType] | None:  # noqa: ANN401 - any JSON value
    """Give the types of the declared fields; of a definition that cannot be used as far as it says, else None.

    A field of no type that is known is taken for a number, of which any column can be derived.
    """
    if definition is not None:
        return {field.name: field.type for field in definition.fields}
    listed = _folded(raw).get("fields")
    fields = list(map(_folded, listed)) if isinstance(listed, list) else []
    names = [field.get("name") for field in fields]
    if not names or not all(isinstance(name, str) for name in names):
        return None
    types = {kind.value: kind for kind in FieldType}
    return {str(field["name"]): types.get(str(field.get("type")), FieldType.NUMBER) for field in fields}


def _folded(raw: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON value
    return {fold(str(name)): value for name, value in raw.items()} if isinstance(raw, dict) else {}


def _read_silver(raw: Mapping[str, Any], fields: Mapping[str, FieldType] | None, problems: Problems) -> SilverColumns:
    if fields is None:
        return SilverColumns()
    silver = read_silver_columns(raw, fields, problems)
    for one in silver.derive:
        for name in sources(one):
            if name in _OF_FILES and name not in fields:
                problems.add("silver", f"derive, {one.name} is made from {name}, which files have and flows have not")
    return silver


def _read_target(raw: Mapping[str, Any], definition: SchemaDefinition | None, problems: Problems) -> Target | None:
    if not raw:
        return None
    properties = read_properties(raw, _LOAD, "load", problems)
    url = _address(properties, "load", problems)
    table = _text(properties, "table", "load", "schema.table", problems)
    schema, _, name = (table or "").partition(".")
    if table is not None and not (schema and name and "." not in name):
        problems.add("load", f"table is {shown(table)}; expected schema.table")
    mode: Any = properties.get("mode", "upsert")
    if mode not in MODES:
        near = suggestion(str(mode), MODES)
        problems.add("load", f"mode is {shown(mode)}; expected one of {', '.join(MODES)}{near}")
        return None
    key = _read_key(properties.get("key"), mode, definition, problems)
    day = properties.get("day")
    if (mode == "replace_day") != isinstance(day, str):
        problems.add(
            "load", f"day is {shown(day)}; expected the column of a row's day with replace_day, and only there"
        )
    return None if url is None or table is None else Target(url, schema, name, key, mode, day)


def _read_key(
    raw: Any,  # noqa: ANN401 - any JSON value
    mode: Mode,
    definition: SchemaDefinition | None,
    problems: Problems,
) -> tuple[str, ...]:
    names = [raw] if isinstance(raw, str) else raw or []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        problems.add("load", f"key is {shown(raw)}; expected a list of columns such as [id]")
        return ()
    key = tuple(names)
    if mode == "append_once":
        if key:
            problems.add("load", "key is given, and append_once compares no rows; expected no key, or mode upsert")
        return key
    if not key:
        problems.add("load", f"key is missing; expected the columns that tell rows apart, for mode is {mode}")
    elif definition is not None and not any(set(one.columns) == set(key) for one in definition.keys):
        told = "unique: true" if len(key) == 1 else "primaryKey or uniqueKeys"
        problems.add(
            "load", f"key is {shown(list(key))}, which may repeat by the definition; declare it by {told} there"
        )
    return key


def _read_gate(raw: Mapping[str, Any], problems: Problems) -> Gate:
    properties = read_properties(raw, _GATE, "gate", problems)
    share = exact(properties.get("max_failed_share", 0))
    if share is None or not 0 <= share <= 1:
        said = shown(properties["max_failed_share"])
        problems.add("gate", f"max_failed_share is {said}; expected a share from 0 to 1, such as 0.01")
        share = Fraction(0)
    score = properties.get("min_score", Gate().min_score)
    if not isinstance(score, int) or isinstance(score, bool) or not 0 <= score <= 100:  # noqa: PLR2004 - of scores
        problems.add("gate", f"min_score is {shown(score)}; expected a whole number from 0 to 100")
        score = Gate().min_score
    return Gate(share, score)
