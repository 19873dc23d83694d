"""From the JSON of `enrich` to `Enrichment`s, with everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from dq import (
    FieldDefinition,
    FieldType,
    Problems,
    find_type,
    kind_of,
    read_properties,
    read_reference_place,
    shown,
    suggestion,
)
from pipelines.transforms.enriched.enrichment import Enrichment, Missing, TakenColumn, Validity

#: References of one definition at most.
MOST_REFERENCES: Final = 20
EXAMPLE: Final = '{"from": "s3://ref/stations.csv", "on": {"station": "code"}, "take": {"station_name": "name"}}'
_PLACE: Final = "silver, enrich"
_SPELLINGS: Final = {name: name for name in ("from", "on", "take", "valid", "missing")}
_VALID: Final = {name: name for name in ("at", "from", "to")}
_TAKEN: Final = {"column": "column", "type": "type"}
_IGNORED: Final = frozenset({"description", "comment"})
_MISSING: Final[tuple[Missing, ...]] = ("null", "quarantine")
_MOMENTS: Final = frozenset({FieldType.DATE, FieldType.DATETIME})
_NESTED: Final = frozenset({FieldType.OBJECT, FieldType.ARRAY, FieldType.ANY})


def read_enrich(raw: Any, fields: Mapping[str, FieldType], problems: Problems) -> tuple[Enrichment, ...]:  # noqa: ANN401
    """Read the references that rows get columns from, one or a list of them.

    Args:
        raw: as the block has it; null where there is none.
        fields: the types of the declared fields. What one reference gives, the next one may be looked up by.
        problems: what is wrong is noted here.
    """
    items = [raw] if isinstance(raw, dict) else raw or []
    if not isinstance(items, list):
        problems.add(_PLACE, f"is {kind_of(raw)}; expected a list of objects such as {EXAMPLE}")
        return ()
    if len(items) > MOST_REFERENCES:
        problems.add(_PLACE, f"has {len(items):,} entries; expected at most {MOST_REFERENCES}")
    return tuple(_read_all(items[:MOST_REFERENCES], dict(fields), problems))


def _read_all(items: list[Any], there: dict[str, FieldType], problems: Problems) -> Iterator[Enrichment]:
    for number, item in enumerate(items, 1):
        place = f"{_PLACE} {number}" if len(items) > 1 else _PLACE
        if not isinstance(item, dict):
            problems.add(place, f"is {kind_of(item)}; expected an object such as {EXAMPLE}")
            continue
        before = len(problems.found)
        properties = read_properties(item, _SPELLINGS, place, problems, _IGNORED)
        source = read_reference_place(properties, "from", place, problems)
        on = tuple(_read_on(properties.get("on"), place, there, problems))
        take = tuple(_read_take(properties.get("take"), place, there, problems))
        valid = _read_valid(properties.get("valid"), place, there, problems)
        missing = properties.get("missing", "null")
        if missing not in _MISSING:
            problems.add(place, f'missing is {shown(missing)}; expected "null" or "quarantine"')
        if source is None or len(problems.found) > before:
            continue
        moment = FieldType.DATE if valid is None else there[valid.at]
        found = Enrichment(source, on, take, valid, moment, missing)
        there |= found.types
        yield found


def _read_on(
    raw: Any,  # noqa: ANN401 - any JSON value
    place: str,
    there: Mapping[str, FieldType],
    problems: Problems,
) -> Iterator[tuple[str, FieldDefinition]]:
    """Read which columns are the key; a name, or a list of names, is called so on both sides."""
    names = [raw] if isinstance(raw, str) else raw
    pairs = {name: name for name in names if isinstance(name, str)} if isinstance(names, list) else raw
    if not isinstance(pairs, dict) or not pairs or not all(isinstance(name, str) for name in pairs.values()):
        problems.add(place, f'on is {shown(raw)}; expected columns of both sides such as {{"station": "code"}}')
        return
    if len(set(pairs.values())) < len(pairs):
        problems.add(place, f"on is {shown(raw)}; expected each column of the reference once")
    for here, column in pairs.items():
        if here not in there:
            problems.add(place, f"on names {shown(here)}, which is no column that is there{suggestion(here, there)}")
        elif there[here] in _NESTED:
            problems.add(place, f"on names {shown(here)}, whose type {there[here].value} cannot be compared")
        else:
            yield here, FieldDefinition(column, there[here])


def _read_take(
    raw: Any,  # noqa: ANN401 - any JSON value
    place: str,
    there: Mapping[str, FieldType],
    problems: Problems,
) -> Iterator[TakenColumn]:
    if not isinstance(raw, dict) or not raw:
        problems.add(place, f'take is {shown(raw)}; expected new columns such as {{"station_name": "name"}}')
        return
    for name, said in raw.items():
        here = f"{place}, take, {shown(name)}"
        told = said if isinstance(said, dict) else {"column": said}
        properties = read_properties(told, _TAKEN, here, problems, _IGNORED)
        column, kind = properties.get("column", name), properties.get("type", FieldType.STRING.value)
        found = find_type(kind) if isinstance(kind, str) else None
        if not isinstance(column, str) or not name.strip():
            problems.add(here, f'is {shown(said)}; expected a column, or {{"column": "name", "type": "integer"}}')
        elif found is None or found in _NESTED:
            problems.add(here, f"type is {shown(kind)}; expected integer, number, decimal, boolean, date or string")
        elif name in there:
            problems.add(here, "is a column already; expected another name")
        else:
            yield TakenColumn(name, column, found)


def _read_valid(
    raw: Any,  # noqa: ANN401 - any JSON value
    place: str,
    there: Mapping[str, FieldType],
    problems: Problems,
) -> Validity | None:
    if raw is None:
        return None
    properties = read_properties(raw, _VALID, place, problems, _IGNORED) if isinstance(raw, dict) else {}
    at, start, end = (properties.get(name) for name in _VALID)
    if not isinstance(at, str) or not isinstance(start, str) or not isinstance(end, str):
        example = '{"at": "service_date", "from": "valid_from", "to": "valid_to"}'
        problems.add(place, f"valid is {shown(raw)}; expected an object such as {example}")
        return None
    if at not in there:
        problems.add(place, f"valid, at names {shown(at)}, which is no column that is there{suggestion(at, there)}")
    elif there[at] not in _MOMENTS:
        problems.add(
            place, f"valid, at names {shown(at)}, which is of type {there[at].value}; expected date or datetime"
        )
    return Validity(at, start, end)
