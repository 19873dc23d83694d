"""A contract of the Open Data Contract Standard (3.0 and 3.1) as a definition of one of its objects."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

from open_data_contract_standard.model import OpenDataContractStandard
from pydantic import ValidationError

from dq import find_type
from operations.contracts.conversion import OWN, ContractError, Converted, Notes, beyond, rule_of
from operations.contracts.java_dates import strptime_format
from operations.contracts.odcs_out import LOGICAL, OF_OBJECT
from operations.contracts.odcs_rules import add_field_rules, add_object_rules, add_pattern

if TYPE_CHECKING:
    from collections.abc import Sequence

    from open_data_contract_standard.model import SchemaObject, SchemaProperty, Server, ServiceLevelAgreementProperty

_MOST_PROBLEMS: Final = 10
_BY_LOGICAL: Final = {
    "string": "string",
    "date": "date",
    "timestamp": "datetime",
    "time": "time",
    "number": "number",
    "integer": "integer",
    "object": "object",
    "array": "array",
    "boolean": "boolean",
}
_SECRET: Final = frozenset({"sensitive", "confidential", "restricted", "secret", "pii", "phi", "personal"})
_FORMATS: Final = {"csv": "csv", "json": "json", "parquet": "parquet", "orc": "orc", "avro": None, "delta": None}
#: What cells are without a word.
_USUAL_FORMATS: Final = frozenset({"%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%H:%M:%S"})
_AGE_UNITS: Final = {
    **dict.fromkeys(("m", "min", "minute", "minutes"), "m"),
    **dict.fromkeys(("h", "hr", "hour", "hours"), "h"),
    **dict.fromkeys(("d", "day", "days"), "d"),
    **dict.fromkeys(("w", "wk", "week", "weeks"), "w"),
}


def from_odcs(document: Any, wanted: str | None = None) -> Converted:  # noqa: ANN401 - any JSON value
    """Read the definition of one object of a contract.

    Args:
        document: the contract as JSON values.
        wanted: the name of the object; needed where there are several.

    Raises:
        ContractError: it is no contract of ODCS, or has no object of that name.
    """
    try:
        contract = OpenDataContractStandard.model_validate(document)
    except ValidationError as error:
        told = [f"{'.'.join(map(str, one['loc']))}: {one['msg'].lower()}" for one in error.errors()[:_MOST_PROBLEMS]]
        raise ContractError(f"it is no contract of ODCS 3: {'; '.join(told)}") from None
    chosen = _chosen(contract.schema_ or [], wanted)
    notes = Notes()
    columns = {one.name or "": _column(one) for one in chosen.properties or []}
    definition: dict[str, Any] = {}
    _own_block(chosen, definition, notes)
    _servers(contract.servers or [], definition, notes)
    fields = [_field(one, definition, notes) for one in chosen.properties or []]
    definition["fields"] = fields
    primary = sorted((one for one in chosen.properties or [] if one.primaryKey), key=_position)
    if primary:
        definition["primaryKey"] = [_column(one) for one in primary]
    add_object_rules(chosen.quality or [], definition, columns, notes)
    for relationship in chosen.relationships or []:
        notes.lost("relationships", f"a relationship to {relationship.to}; a reference names an object or a table")
    for promise in contract.slaProperties or []:
        _promise(promise, chosen.name or "", fields, columns, definition, notes)
    return Converted(definition, tuple(notes.found))


def _chosen(objects: Sequence[SchemaObject], wanted: str | None) -> SchemaObject:
    names = ", ".join(repr(one.name) for one in objects)
    if not objects:
        raise ContractError("the contract has no schema; expected a list with at least one object")
    if wanted is None and len(objects) > 1:
        raise ContractError(f"the contract has the objects {names}; name one of them")
    for one in objects:
        if wanted in {None, one.name, one.physicalName}:
            return one
    raise ContractError(f"the contract has no object {wanted!r}; it has {names}")


def _column(one: SchemaProperty) -> str:
    """Name the column as the file has it."""
    name = one.physicalName or one.name
    if not name:
        raise ContractError("a property has no name; expected one")
    return name


def _position(one: SchemaProperty) -> int:
    return one.primaryKeyPosition if one.primaryKeyPosition is not None and one.primaryKeyPosition > 0 else 1 << 30


def _own_block(chosen: SchemaObject, definition: dict[str, Any], notes: Notes) -> None:
    for custom in chosen.customProperties or []:
        if custom.property == OWN and isinstance(custom.value, dict):
            definition.update({name: value for name, value in custom.value.items() if name in OF_OBJECT})
        else:
            notes.lost("customProperties", str(custom.property))


def _servers(servers: Sequence[Server], definition: dict[str, Any], notes: Notes) -> None:
    formats = {one.format.lower() for one in servers if one.format}
    if len(formats) != 1 or "format" in definition:
        return
    server = next(one for one in servers if one.format)
    name = formats.pop()
    known = _FORMATS.get(name)
    if known is None:
        notes.lost("servers", f"the format {name}")
        return
    definition["format"] = "jsonl" if known == "json" and server.delimiter == "new_line" else known
    dialect = {"delimiter": server.delimiter, "encoding": server.encoding}
    said = {member: value for member, value in dialect.items() if value}
    if known == "csv" and said:
        definition.setdefault("csv", said)


def _field(one: SchemaProperty, definition: dict[str, Any], notes: Notes) -> dict[str, Any]:
    name = _column(one)
    place = f"field {name}"
    kind = _kind(one, notes, place)
    said = {
        "title": one.businessName,
        "description": one.description,
        "type": None if kind == "any" else kind,
        "required": one.required,
        "unique": one.unique,
        "enum": [value.value for value in one.enum or []],
    }
    field: dict[str, Any] = {"name": name, **{member: value for member, value in said.items() if value}}
    if (one.classification or "").lower() in _SECRET:
        field["sensitive"] = True
    elif one.classification:
        notes.lost(place, f"the classification {one.classification!r}")
    options = dict(one.logicalTypeOptions or {})
    if kind in {"date", "datetime", "time"} and "format" in options:
        _format(options.pop("format"), field, notes)
    _options(options, kind, field, definition, notes)
    if one.properties or one.items:
        notes.lost(place, "what is inside it")
    for relationship in one.relationships or []:
        notes.lost(place, f"a relationship to {relationship.to}; a reference names an object or a table")
    add_field_rules(one.quality or [], field, definition, notes)
    return field


def _format(java: Any, field: dict[str, Any], notes: Notes) -> None:  # noqa: ANN401 - any JSON value
    strptime = strptime_format(java) if isinstance(java, str) else None
    if strptime is None:
        notes.lost(f"field {field['name']}", f"the format {java!r}")
    elif strptime not in _USUAL_FORMATS:
        field["format"] = strptime


def _kind(one: SchemaProperty, notes: Notes, place: str) -> str:
    """Find the type: what the file has where it says more than the logical one, as decimal does of number."""
    physical = None if one.physicalType is None else find_type(one.physicalType)
    if physical is not None:
        if one.logicalType is None or LOGICAL.get(physical.value) == one.logicalType:
            return physical.value
        if physical.value == "any":
            return _BY_LOGICAL[one.logicalType]
    if one.logicalType in _BY_LOGICAL:
        return _BY_LOGICAL[one.logicalType]
    if one.logicalType is not None or one.physicalType is not None:
        notes.lost(place, f"the type {one.logicalType or one.physicalType!r}")
    return "any"


def _options(
    options: dict[str, Any], kind: str, field: dict[str, Any], definition: dict[str, Any], notes: Notes
) -> None:
    place = f"field {field['name']}"
    for option, value in options.items():
        if option in {"minimum", "maximum"} and kind in {"integer", "number", "decimal", "date", "datetime", "time"}:
            field[option[:3]] = value
        elif option in {"exclusiveMinimum", "exclusiveMaximum"}:
            _exclusive(option, value, kind, field, definition, notes)
        elif option == "pattern" and kind == "string":
            add_pattern(field, value, {}, notes)
        elif option in {"minLength", "maxLength"} and kind == "string":
            field[option] = value
        elif option == "required" and kind == "object":
            notes.lost(place, "the members that it requires")
        else:
            notes.lost(place, f"{option} {value!r}")


def _exclusive(
    option: str,
    value: Any,  # noqa: ANN401 - any JSON value
    kind: str,
    field: dict[str, Any],
    definition: dict[str, Any],
    notes: Notes,
) -> None:
    """Limits that are not allowed themselves: the next value where there is one, else a rule over rows."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        notes.lost(f"field {field['name']}", f"{option} {value!r}")
        return
    is_least = option == "exclusiveMinimum"
    step = 1 if is_least else -1
    rule = "min" if is_least else "max"
    if kind == "integer" and isinstance(value, int):
        field[rule] = value + step
        return
    if kind == "date" and isinstance(value, str):
        try:
            field[rule] = (date.fromisoformat(value) + timedelta(days=step)).isoformat()
        except (ValueError, OverflowError):
            field[rule] = value  # no date: the definition says what is wrong with it
        return
    literal = value if not isinstance(value, str) else f"{kind} '{value}'"
    definition.setdefault("rows", []).append(beyond(field["name"], option, literal))


def _promise(
    promise: ServiceLevelAgreementProperty,
    name: str,
    fields: Sequence[dict[str, Any]],
    columns: dict[str, str],
    definition: dict[str, Any],
    notes: Notes,
) -> None:
    """Read `latency` of a field of dates as freshness."""
    element = promise.element or ""
    column = columns.get(element.removeprefix(f"{name}."))
    dated = {one["name"] for one in fields if rule_of(one.get("type", "any"))[0] in {"date", "datetime"}}
    unit = _AGE_UNITS.get((promise.unit or "").lower())
    is_age = promise.property in {"latency", "ly", "freshness"} and isinstance(promise.value, (int, float))
    if is_age and column in dated and unit and float(promise.value or 0).is_integer() and "freshness" not in definition:
        definition["freshness"] = {"field": column, "maxAge": f"{int(promise.value or 0)}{unit}"}
    elif not element or element.partition(".")[0] == name:
        notes.lost("slaProperties", f"{promise.property} {promise.value} {promise.unit or ''}".strip())
