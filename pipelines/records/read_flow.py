"""From a flow's YAML to `Flow`, with everything that is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, Final

from dq import (
    FieldType,
    PipelineError,
    Problems,
    SchemaDefinition,
    fold,
    kind_of,
    load_definition,
    read_properties,
    shown,
    suggestion,
    unfit_for_records,
)
from etl_core.yaml_document import YamlError, read_yaml
from pipelines.records.errors import FlowError
from pipelines.records.flow import Flow, Quality, Source, Target
from pipelines.transforms.derive import read_derived
from pipelines.transforms.derived_column import DerivedColumn

_PROPERTIES: Final = ("flow", "from", "definition", "enrich", "select", "to", "dead_letters", "quality")
_NEEDED: Final = ("flow", "from", "definition", "select", "to", "dead_letters")
#: What Kafka takes for the name of a topic, and the ledger for that of a flow.
_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,200}")
_TABLE: Final = re.compile(r"silver/[A-Za-z0-9][A-Za-z0-9._-]{0,100}")
_WINDOWS: Final = ("1h",)
_NOTHING_ODD: Final = frozenset({".", ".."})


def read_flow(text: str | bytes, place: str) -> Flow:
    """Read a flow.

    Args:
        text: YAML.
        place: how messages call it: the name of its file.

    Raises:
        FlowError: it has mistakes; lists all of them.
    """
    try:
        raw = read_yaml(text)
    except YamlError as error:
        raise FlowError(place, [f"it cannot be read: {error}"]) from None
    if not isinstance(raw, dict):
        raise FlowError(place, [f"it is {kind_of(raw)}; expected an object with {', '.join(_NEEDED)}"])
    problems = Problems()
    flow = _flow(raw, problems)
    found = [*problems.found, *problems.warnings]  # a property that has no effect is a mistake here
    if found or flow is None:
        raise FlowError(place, found)
    return flow


def _flow(raw: Mapping[str, Any], problems: Problems) -> Flow | None:
    said = read_properties(raw, {fold(name): name for name in _PROPERTIES}, "flow", problems)
    for needed in _NEEDED:
        if needed not in said:
            problems.add(needed, "is missing")
    name = _name(said.get("flow"), "flow", problems) if "flow" in said else None
    source = _source(_object(said, "from", "{topic: user-events-raw}", problems), problems)
    definition = _definition(said.get("definition"), problems) if "definition" in said else None
    types = {field.name: field.type for field in definition.fields} if definition else None
    enrich = _object(said, "enrich", "{event_id: {concat: [user_id, timestamp]}, processed_at: now}", problems) or {}
    derive, stamped = _enrich(enrich, types, problems)
    select = _select(said, types, enrich, problems)
    target = _target(_object(said, "to", "{topic: user-events-processed, key: id}", problems), select, problems)
    letters = _object(said, "dead_letters", "{topic: user-events-dlq}", problems)
    dead = _topic(letters, "dead_letters", {"topic": "topic"}, problems)
    quality = _quality(said, problems)
    _different_topics(source, target, dead, problems)
    if not (name and source and definition and target and dead):
        return None
    return Flow(name, source, definition, derive, stamped, select, target, dead, quality)


def _object(said: Mapping[str, Any], name: str, example: str, problems: Problems) -> dict[str, Any] | None:
    value = said.get(name)
    if value is None or isinstance(value, dict):
        return value
    problems.add(name, f"is {shown(value)}; expected an object such as {example}")
    return None


def _name(value: object, place: str, problems: Problems) -> str | None:
    if isinstance(value, str) and _NAME.fullmatch(value) and value not in _NOTHING_ODD:
        return value
    problems.add(place, f"is {shown(value)}; expected a name of letters, digits, dots, hyphens and underscores")
    return None


def _topic(raw: Mapping[str, Any] | None, place: str, spellings: Mapping[str, str], problems: Problems) -> str | None:
    if raw is None:
        return None
    said = read_properties(raw, spellings, place, problems)
    if "topic" not in said:
        problems.add(place, "has no topic")
        return None
    return _name(said["topic"], f"{place}, topic", problems)


def _source(raw: Mapping[str, Any] | None, problems: Problems) -> Source | None:
    topic = _topic(raw, "from", {"topic": "topic", "group": "group"}, problems)
    group = (raw or {}).get("group")
    named = None if group is None else _name(group, "from, group", problems)
    return None if topic is None else Source(topic, named or f"{topic}-checked")


def _definition(raw: object, problems: Problems) -> SchemaDefinition | None:
    try:
        definition = load_definition(raw)
    except PipelineError as error:
        for problem in getattr(error, "problems", [str(error)]):
            problems.add("definition", problem)
        return None
    for problem in (*definition.warnings, *unfit_for_records(definition)):
        problems.add("definition", problem)
    if not definition.fields:
        problems.add("definition", "declares no field; expected at least one")
    return definition


def _enrich(
    raw: Mapping[str, Any], types: Mapping[str, FieldType] | None, problems: Problems
) -> tuple[tuple[DerivedColumn, ...], tuple[str, ...]]:
    derive, stamped = [], []
    for name, how in raw.items():
        place = f"enrich, {name}"
        if types is not None and name in types:
            problems.add(place, "is a declared field; expected another name")
        if how == "now":
            stamped.append(str(name))
        elif isinstance(how, str):
            problems.add(place, f"is {shown(how)}; expected now, or an object such as {{concat: [user_id, timestamp]}}")
        elif types is not None:
            column = read_derived(str(name), how, place, types, problems)
            derive += [] if column is None else [column]
    return tuple(derive), tuple(stamped)


def _select(
    said: Mapping[str, Any], types: Mapping[str, FieldType] | None, enrich: Collection[Any], problems: Problems
) -> tuple[tuple[str, str], ...]:
    raw = _object(said, "select", "{id: event_id, user_id: user_id}", problems)
    if raw is not None and not raw:
        problems.add("select", "is empty; expected the columns that are sent on")
    known = None if types is None else [*types, *map(str, enrich)]
    selected = []
    for name, column in (raw or {}).items():
        if known is not None and column not in known:
            near = suggestion(str(column), known)
            problems.add(f"select, {name}", f"{shown(column)} is no field and not made by enrich{near}")
        selected.append((str(name), str(column)))
    return tuple(selected)


def _target(raw: Mapping[str, Any] | None, select: tuple[tuple[str, str], ...], problems: Problems) -> Target | None:
    spellings = {"topic": "topic", "key": "key", "delta": "delta"}
    topic = _topic(raw, "to", spellings, problems)
    key, table = (raw or {}).get("key"), (raw or {}).get("delta")
    names = [name for name, _ in select]
    if key is not None and key not in names and select:
        problems.add("to, key", f"{shown(key)} is not selected{suggestion(str(key), names)}")
    if table is not None and (taken := [name for name in names if name.startswith("_")]):
        problems.add("select", f"{', '.join(taken)}: names that begin with _ are the table's own; expected others")
    if table is not None and (not isinstance(table, str) or not _TABLE.fullmatch(table)):
        problems.add("to, delta", f"is {shown(table)}; expected the name of a table such as silver/user_events")
    return None if topic is None else Target(topic, key, table)


def _quality(said: Mapping[str, Any], problems: Problems) -> Quality | None:
    raw = _object(said, "quality", "{agency: streams, file: user-events, window: 1h}", problems)
    if raw is None:
        return None
    given = read_properties(raw, {"agency": "agency", "file": "file", "window": "window"}, "quality", problems)
    if given.get("window", "1h") not in _WINDOWS:
        problems.add("quality, window", f"is {shown(given['window'])}; runs are of an hour: expected 1h")
    names = {}
    for name in ("agency", "file"):
        value = given.get(name)
        if isinstance(value, str) and value.strip():
            names[name] = value
        else:
            problems.add(f"quality, {name}", f"is {shown(value)}; expected a name")
    return Quality(names["agency"], names["file"]) if len(names) == len(("agency", "file")) else None


def _different_topics(source: Source | None, target: Target | None, dead: str | None, problems: Problems) -> None:
    """A flow that writes where it reads would read what it wrote, for ever."""
    if source is None:
        return
    if target is not None and target.topic == source.topic:
        problems.add("to, topic", f"is {source.topic}, which is read; expected another topic")
    if dead is not None and dead == source.topic:
        problems.add("dead_letters, topic", f"is {source.topic}, which is read; expected another topic")
    if dead is not None and target is not None and dead == target.topic:
        problems.add("dead_letters, topic", f"is {dead}, where good records go; expected another topic")
