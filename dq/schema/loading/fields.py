"""The fields of a definition, from a list of objects or from a mapping of names to objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from dq.schema.date_formats import format_problem
from dq.schema.definition import FieldDefinition, FieldType
from dq.schema.loading.bounds_rules import read_bounds
from dq.schema.loading.constraints import Tolerance, read_constraint, read_tolerance
from dq.schema.loading.problems import Problems, kind_of, shown, suggestion
from dq.schema.loading.properties import fold, read_flag, read_properties, read_text
from dq.schema.type_names import SYNONYMS, find_type, has_unchecked_size

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dq.schema.definition import Rule

MAX_FIELDS: Final = 10_000

_CONSTRAINTS: Final = {
    "required": "required",
    "sensitive": "sensitive",
    "nullable": "nullable",
    "unique": "unique",
    "min": "min",
    "minimum": "min",
    "max": "max",
    "maximum": "max",
    "enum": "enum",
    "pattern": "pattern",
    "minlength": "minLength",
    "maxlength": "maxLength",
    "threshold": "threshold",
    "severity": "severity",
}
PROPERTIES: Final = {
    **_CONSTRAINTS,
    "name": "name",
    "type": "type",
    "format": "format",
    "constraints": "constraints",
}
_IGNORED: Final = frozenset({"title", "description", "label", "comment", "example", "examples", "rdftype"})
_TYPED_RULES: Final = frozenset({"min", "max", "enum"})
_FORMATTED: Final = frozenset({FieldType.DATE, FieldType.DATETIME, FieldType.TIME})


@dataclass(frozen=True, slots=True)
class DeclaredField:
    """A field and what of it concerns the keys: the tolerance of `unique`, None where it is not unique."""

    field: FieldDefinition
    tolerance: Tolerance
    unique: Tolerance | None


def read_fields(raw: Any, problems: Problems) -> tuple[DeclaredField, ...]:  # noqa: ANN401 - any JSON value
    """Read all fields; those with problems are left out, their problems noted."""
    if not isinstance(raw, (list, dict)):
        problems.add("fields", f"is {kind_of(raw)}; expected a list of fields or an object of names and fields")
        return ()
    if len(raw) > MAX_FIELDS:
        problems.add("fields", f"there are {len(raw):,}; expected at most {MAX_FIELDS:,}")
        return ()
    declared: dict[str, DeclaredField] = {}
    for index, name, specification in _named(raw, problems):
        field = _read_field(name, specification, f"field {shown(name)}", problems)
        if name in declared:
            problems.add(f"fields[{index}]", f"the name {shown(name)} is declared twice; expected each name once")
        else:
            declared[name] = field
    return tuple(declared.values())


def _named(raw: list[Any] | dict[str, Any], problems: Problems) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """Give position, trimmed name and properties of each field, whichever way the fields are written."""
    listed = isinstance(raw, list)
    pairs = [(None, item) for item in raw] if isinstance(raw, list) else [(str(key), item) for key, item in raw.items()]
    for index, (key, item) in enumerate(pairs):
        place = f"fields[{index}]" if key is None else f"field {shown(key.strip())}"
        specification = {"type": item} if isinstance(item, str) and not listed else item
        if specification is None and not listed:
            specification = {}
        if not isinstance(specification, dict):
            problems.add(place, f"is {kind_of(item)}; expected an object with a name and a type")
            continue
        name = _name(key, specification, place, problems)
        if name is not None:
            yield index, name, specification


def _name(key: str | None, specification: Mapping[str, Any], place: str, problems: Problems) -> str | None:
    given = next((value for spelling, value in specification.items() if fold(str(spelling)) == "name"), None)
    if key is not None and given is not None and given != key:
        problems.add(place, f"is also named {shown(given)}; expected one name")
        return None
    name = given if key is None else key
    if not isinstance(name, str) or not name.strip():
        problems.add(place, f"the name is {shown(name)}; expected a text that is not empty")
        return None
    return name.strip()


def _read_field(name: str, specification: Mapping[str, Any], place: str, problems: Problems) -> DeclaredField:
    properties = read_properties(specification, PROPERTIES, place, problems, _IGNORED)
    properties = _with_constraints(properties, place, problems)
    outer = read_tolerance(properties, place, problems)
    field_type, type_tolerance = _read_type(properties, outer, place, problems)
    date_format = _read_format(properties, field_type, place, problems)
    if field_type is None:  # nothing can be said about typed arguments, the rules of texts are still looked at
        properties = {name: value for name, value in properties.items() if name not in _TYPED_RULES}
        field_type = FieldType.ANY
    bounds = read_bounds(properties, field_type, date_format, outer, place, problems)
    sensitive = "sensitive" in properties and read_flag(properties["sensitive"], "sensitive", place, problems)
    unique = _read_switch(properties, "unique", outer, place, problems)
    type_rule = type_tolerance.rule(None)
    field = FieldDefinition(
        name=name,
        type=field_type,
        format=date_format,
        required=_read_required(properties, outer, place, problems),
        bounds=bounds,
        sensitive=bool(sensitive),
        threshold=type_rule.threshold,
        severity=type_rule.severity,
    )
    return DeclaredField(field, outer, unique)


def _with_constraints(properties: dict[str, Any], place: str, problems: Problems) -> dict[str, Any]:
    """Lift the members of a nested `constraints` object to the field."""
    if "constraints" not in properties:
        return properties
    nested = properties.pop("constraints")
    if not isinstance(nested, dict):
        problems.add(place, f"constraints is {kind_of(nested)}; expected an object")
        return properties
    inner = read_properties(nested, _CONSTRAINTS, f"{place}, constraints", problems, _IGNORED)
    for name, value in inner.items():
        if name in properties and properties[name] != value:
            problems.add(place, f"{name} is given twice, as {shown(properties[name])} and {shown(value)}")
    return {**properties, **inner}


def _read_type(
    properties: Mapping[str, Any], outer: Tolerance, place: str, problems: Problems
) -> tuple[FieldType | None, Tolerance]:
    """Read the type and the tolerance of its rule. A field without a type takes any value."""
    if "type" not in properties:
        return FieldType.ANY, outer
    constraint = read_constraint(properties["type"], outer, "type", place, problems)
    if constraint is None:
        return None, outer
    name = read_text(constraint.value, "type", place, problems)
    if name is None:
        return None, outer
    field_type = find_type(name)
    if field_type is None:
        expected = ", ".join(known.value for known in FieldType)
        hint = suggestion(name.lower(), SYNONYMS)
        problems.add(place, f"type {shown(name)} is not known; expected one of {expected}{hint}")
    elif has_unchecked_size(name, field_type):
        problems.warn(
            place, f"type {shown(name)} is read as {field_type.value}; what stands in brackets is not checked"
        )
    return field_type, constraint.tolerance


def _read_format(
    properties: Mapping[str, Any], field_type: FieldType | None, place: str, problems: Problems
) -> str | None:
    if "format" not in properties:
        return None
    date_format = read_text(properties["format"], "format", place, problems)
    if date_format is None or date_format == "default" or field_type is None:
        return None
    if field_type not in _FORMATTED:
        problems.warn(place, f"format {shown(date_format)} has no effect; it is for date, datetime and time")
        return None
    problem = format_problem(date_format, field_type)
    if problem:
        problems.add(place, f"format {shown(date_format)} {problem}")
        return None
    return date_format


def _read_required(properties: Mapping[str, Any], outer: Tolerance, place: str, problems: Problems) -> Rule | None:
    """Read `required: true`, also written as `nullable: false`."""
    required = _read_switch(properties, "required", outer, place, problems)
    nullable = _read_switch(properties, "nullable", outer, place, problems, on=False)
    if "required" in properties and "nullable" in properties and (required is None) != (nullable is None):
        problems.add(place, "required and nullable contradict each other; keep one of them")
    tolerance = nullable if required is None else required
    return None if tolerance is None else tolerance.rule(True)  # noqa: FBT003 - the rule's argument


def _read_switch(
    properties: Mapping[str, Any], name: str, outer: Tolerance, place: str, problems: Problems, *, on: bool = True
) -> Tolerance | None:
    """Read a constraint that is true or false; its tolerance when it is `on`, else None."""
    if name not in properties:
        return None
    constraint = read_constraint(properties[name], outer, name, place, problems)
    if constraint is None:
        return None
    return constraint.tolerance if read_flag(constraint.value, name, place, problems) is on else None
