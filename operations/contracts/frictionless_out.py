"""A definition as a resource of a Data Package (datapackage.org, version 2), with its Table Schema.

Field types, constraints, keys, missing values and the dialect are the standard's own. Tolerances, `sensitive`,
`decimal` and the rules over rows and files stand under `pipelineProcessing`, which other tools leave alone.
"""

from __future__ import annotations

from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any, Final

from operations.contracts.conversion import OWN, Converted, Notes, rule_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_PACKAGE: Final = "https://datapackage.org/profiles/2.0/datapackage.json"
_RESOURCE: Final = "https://datapackage.org/profiles/2.0/dataresource.json"
_CONSTRAINTS: Final = {
    "required": "required",
    "unique": "unique",
    "min": "minimum",
    "max": "maximum",
    "enum": "enum",
    "pattern": "pattern",
    "minLength": "minLength",
    "maxLength": "maxLength",
}
#: By the constraint the types that the standard knows it for; the others have it of all.
_FITS: Final = {
    "min": frozenset({"integer", "number", "decimal", "date", "datetime", "time"}),
    "max": frozenset({"integer", "number", "decimal", "date", "datetime", "time"}),
    "pattern": frozenset({"string"}),
    "minLength": frozenset({"string"}),
    "maxLength": frozenset({"string"}),
}
_SUFFIXES: Final = {"csv": "csv", "json": "json", "jsonl": "jsonl", "parquet": "parquet", "orc": "orc", "excel": "xlsx"}
_ISO: Final[Mapping[str, Any]] = {"date": date, "datetime": datetime, "time": time}
_OF_RESOURCE: Final = ("format", "primaryKey", "uniqueKeys", "scoring", "silver", "rows", "references")
_FILE_RULES: Final = ("rowCount", "freshness")


def to_resource(
    definition: Mapping[str, Any], name: str, path: str | None, texts: Mapping[str, Mapping[str, str]]
) -> Converted:
    """Write a resource.

    Args:
        definition: in the spelling of `write_definition`.
        name: of the resource.
        path: where its file is; left out: a file of that name beside the document.
        texts: by the name of a field its `title` and `description`, where somebody wrote them.
    """
    notes = Notes()
    file_format = definition.get("format")
    suffix = _SUFFIXES.get(file_format or "csv", file_format)
    schema: dict[str, Any] = {
        "fields": [_field(field, texts.get(field["name"], {}), notes) for field in definition.get("fields", [])],
        "missingValues": definition.get("missingValues", [""]),
        "fieldsMatch": "equal" if definition.get("strict") else "subset",
    }
    document: dict[str, Any] = {
        "$schema": _RESOURCE,
        "name": name,
        "path": path or f"{name}.{suffix}",
        "type": "table",
        "schema": schema,
    }
    if file_format is not None:
        document["format"] = suffix
    if definition.get("csv") or "sheet" in definition:
        document |= _dialect(definition)
    own = {member: definition[member] for member in (*_OF_RESOURCE, *_FILE_RULES) if member in definition}
    if _SUFFIXES.get(file_format or "") is not None:
        own.pop("format")
    for member in ("primaryKey", "uniqueKeys"):
        if member in own and _is_plain(own[member]):
            schema[member] = own.pop(member)
    if own:
        document[OWN] = own
        for member in own:
            notes.own("definition", member)
    return Converted(document, tuple(notes.found))


def _dialect(definition: Mapping[str, Any]) -> dict[str, Any]:
    said = {"quoteChar" if name == "quote" else name: value for name, value in definition.get("csv", {}).items()}
    encoding = {"encoding": said.pop("encoding")} if "encoding" in said else {}
    if "sheet" in definition:
        said["sheetName"] = definition["sheet"]
    return {**encoding, **({"dialect": said} if said else {})}


def to_package(resource: Converted, name: str) -> Converted:
    """Put a resource into a package of its own."""
    inner = {member: value for member, value in resource.document.items() if member != "$schema"}
    return Converted({"$schema": _PACKAGE, "name": name, "resources": [inner]}, resource.notes)


def _is_plain(raw: Any) -> bool:  # noqa: ANN401 - any JSON value
    """Whether a key, or a list of keys, has no tolerance."""
    return isinstance(raw, list) and not any(isinstance(one, dict) for one in raw)


def _field(field: Mapping[str, Any], texts: Mapping[str, str], notes: Notes) -> dict[str, Any]:
    place = f"field {field['name']}"
    kind, of_type = rule_of(field.get("type", "any"))
    written: dict[str, Any] = {"name": field["name"], "type": "number" if kind == "decimal" else kind}
    written |= {member: texts[member] for member in ("title", "description") if texts.get(member)}
    own: dict[str, Any] = {}
    if kind == "decimal" or of_type:
        own["type"] = {"value": kind, **of_type} if of_type else kind
    if "format" in field:
        written["format"] = field["format"]
    constraints: dict[str, Any] = {}
    for rule, constraint in _CONSTRAINTS.items():
        if rule not in field:
            continue
        value, tolerance = rule_of(field[rule])
        is_text = isinstance(value, str) and kind in {"integer", "number", "decimal"}
        if tolerance or is_text or kind not in _FITS.get(rule, {kind}):
            own[rule] = field[rule]
        else:
            constraints[constraint] = _as_cells(value, kind, field.get("format"))
    if field.get("sensitive"):
        own["sensitive"] = True
    if constraints:
        written["constraints"] = constraints
    if own:
        written[OWN] = own
        for member in own:
            notes.own(place, member)
    return written


def _as_cells(value: Any, kind: str, strptime: str | None) -> Any:  # noqa: ANN401 - any JSON value
    """Write dates as the field's cells are written."""
    if isinstance(value, list):
        return [_as_cells(one, kind, strptime) for one in value]
    if strptime is None or kind not in _ISO or not isinstance(value, str):
        return value
    try:
        return _ISO[kind].fromisoformat(value).strftime(strptime)
    except ValueError:  # finer than Python's own
        return value
