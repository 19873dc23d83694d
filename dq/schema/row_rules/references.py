"""`references: {"fields": ["station"], "in": "s3://ref/stations.csv", "on": ["code"]}`, one or a list of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dq.schema.definition import FieldDefinition, FieldType, Reference, Severity, WantedKeys
from dq.schema.loading.constraints import Tolerance, read_tolerance
from dq.schema.loading.problems import Problems, kind_of, shown, suggestion
from dq.schema.loading.properties import read_properties, read_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dq.schema.vocabulary import SchemeName

NAME: Final = "references"
#: References of one definition, and characters of the name of a place, at most.
MOST_REFERENCES: Final = 20
_MOST_SOURCE: Final = 1_000
#: Folded spelling to canonical name.
PROPERTIES: Final = {
    "fields": "fields",
    "field": "fields",
    "columns": "fields",
    "in": "in",
    "on": "on",
    "threshold": "threshold",
    "severity": "severity",
}
_IGNORED: Final = frozenset({"description", "comment", "title"})
_NESTED: Final = frozenset({FieldType.OBJECT, FieldType.ARRAY})
_EXAMPLE: Final = '{"fields": ["station"], "in": "s3://bucket/stations.csv", "on": ["code"]}'


def read_references(
    raw: Any,  # noqa: ANN401 - any JSON value
    fields: Sequence[FieldDefinition],
    schemes: Sequence[SchemeName],
    problems: Problems,
) -> tuple[Reference, ...]:
    """Read which fields name keys that are held elsewhere; `schemes` are the kinds of places there are."""
    items = [raw] if isinstance(raw, dict) else raw
    if not isinstance(items, list):
        problems.add(NAME, f"is {kind_of(raw)}; expected an object such as {_EXAMPLE}, or a list of them")
        return ()
    if len(items) > MOST_REFERENCES:
        problems.add(NAME, f"has {len(items):,} entries; expected at most {MOST_REFERENCES}")
    declared = {field.name: field for field in fields}
    found: dict[str, Reference] = {}
    for at, item in enumerate(items[:MOST_REFERENCES]):
        place = NAME if isinstance(raw, dict) else f"{NAME}[{at}]"
        if not isinstance(item, dict):
            problems.add(place, f"is {kind_of(item)}; expected an object such as {_EXAMPLE}")
            continue
        reference = _read_reference(item, declared, schemes, place, problems)
        if reference is not None and reference.name in found:
            problems.add(place, "is there already; expected each reference once")
        elif reference is not None:
            found[reference.name] = reference
    return tuple(found.values())


def _read_reference(
    raw: Mapping[str, Any],
    declared: Mapping[str, FieldDefinition],
    schemes: Sequence[SchemeName],
    place: str,
    problems: Problems,
) -> Reference | None:
    properties = read_properties(raw, PROPERTIES, place, problems, _IGNORED)
    tolerance = read_tolerance(properties, place, problems).over(Tolerance(severity=Severity.CRITICAL))
    names = _read_names(properties, "fields", place, problems)
    on = _read_names(properties, "on", place, problems) if "on" in properties else names
    source = read_place(properties, "in", schemes, place, problems)
    if names is None or on is None:
        return None
    if len(names) != len(on):
        problems.add(place, f"has {len(names)} fields and {len(on)} columns in on; expected as many of each")
        return None
    unknown = [name for name in names if name not in declared]
    for name in unknown:
        problems.add(place, f"names {shown(name)}, which is no declared field{suggestion(name, declared)}")
    for name in names:
        if name in declared and declared[name].type in _NESTED:
            problems.add(place, f"names {shown(name)}, whose type {declared[name].type.value} cannot be compared")
    if unknown or source is None:
        return None
    columns = tuple(
        FieldDefinition(there, declared[here].type, declared[here].format)
        for here, there in zip(names, on, strict=True)
    )
    told = tolerance.rule(WantedKeys(source, columns))
    return Reference(names, told.value, told.threshold, told.severity)


def _read_names(properties: Mapping[str, Any], what: str, place: str, problems: Problems) -> tuple[str, ...] | None:
    if what not in properties:
        problems.add(place, f"has no {what}; expected an object such as {_EXAMPLE}")
        return None
    raw = properties[what]
    names = [raw] if isinstance(raw, str) else raw
    if not isinstance(names, list) or not names or not all(isinstance(name, str) and name.strip() for name in names):
        problems.add(place, f"{what} is {shown(raw)}; expected a name or a list of names")
        return None
    trimmed = tuple(name.strip() for name in names)
    if len(set(trimmed)) < len(trimmed):
        problems.add(place, f"{what} is {shown(raw)}; expected each name once")
        return None
    return trimmed


def read_place(
    properties: Mapping[str, Any], name: str, schemes: Sequence[SchemeName], place: str, problems: Problems
) -> str | None:
    """Read where something is held, which the property `name` of an object says; `schemes` are the kinds of places."""
    expected = " or ".join(scheme.example for scheme in schemes)
    if name not in properties:
        problems.add(place, f"does not say {name} what; expected {name} as {expected}")
        return None
    text = read_text(properties[name], name, place, problems)
    if text is None:
        return None
    text = text.strip()
    fitting = next((one for one in schemes if text.startswith(one.start) and one.fits(text[len(one.start) :])), None)
    if fitting is None or len(text) > _MOST_SOURCE:
        problems.add(place, f"{name} is {shown(text)}; expected {expected}")
        return None
    return text
