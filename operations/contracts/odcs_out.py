"""A definition as a contract of the Open Data Contract Standard 3.1.0 (bitol.io): one object, the file.

What the standard has words for stands in them: types, required, unique, keys, limits of `logicalTypeOptions`, the
library's metrics with their `mustBe...` (a threshold is `mustBeLessOrEqualTo` percent), `latency` for freshness. The
rest are custom quality rules with the engine `pipeline-processing`, or the object's custom property
`pipelineProcessing`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from operations.contracts.conversion import ENGINE, OWN, Converted, Notes, rule_of
from operations.contracts.java_dates import java_format, strptime_format
from operations.contracts.whole_patterns import searching

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION: Final = "v3.1.0"
SENSITIVE: Final = "sensitive"
LOGICAL: Final = {
    "string": "string",
    "integer": "integer",
    "number": "number",
    "decimal": "number",
    "boolean": "boolean",
    "date": "date",
    "datetime": "timestamp",
    "time": "time",
    "duration": "string",
    "object": "object",
    "array": "array",
}
_LIMITS: Final = {"min": "minimum", "max": "maximum"}
_LIMITED: Final = frozenset({"integer", "number", "decimal", "date", "datetime", "time"})
_DATED: Final = frozenset({"date", "datetime", "time"})
_UNITS: Final = {"m": "m", "h": "h", "d": "d", "w": "w"}
OF_OBJECT: Final = ("strict", "format", "csv", "sheet", "missingValues", "scoring", "silver")


def to_odcs(
    definition: Mapping[str, Any], name: str, version: str, texts: Mapping[str, Mapping[str, str]]
) -> Converted:
    """Write a contract.

    Args:
        definition: in the spelling of `write_definition`.
        name: of the contract and of its object; also its id.
        version: of the contract.
        texts: by the name of a field its `title` and `description`, where somebody wrote them.
    """
    notes = Notes()
    primary, primary_tolerance = _key(definition.get("primaryKey"))
    properties = [
        _property(field, primary if not primary_tolerance else [], texts.get(field["name"], {}), notes)
        for field in definition.get("fields", [])
    ]
    the_object: dict[str, Any] = {
        "name": name,
        "physicalType": "file",
        "logicalType": "object",
        "properties": properties,
    }
    quality = _object_quality(definition, primary, primary_tolerance, notes)
    document: dict[str, Any] = {
        "version": version,
        "kind": "DataContract",
        "apiVersion": VERSION,
        "id": name,
        "name": name,
        "status": "active",
        "schema": [the_object],
    }
    freshness = definition.get("freshness")
    if freshness is not None and set(freshness) == {"field", "maxAge"}:
        age = freshness["maxAge"]
        element = f"{name}.{freshness['field']}"
        document["slaProperties"] = [
            {"property": "latency", "value": int(age[:-1]), "unit": _UNITS[age[-1]], "element": element}
        ]
    elif freshness is not None:
        quality.append(_custom("freshness", freshness, notes, "freshness"))
    if quality:
        the_object["quality"] = quality
    own = {name: definition[name] for name in OF_OBJECT if name in definition}
    if own:
        the_object["customProperties"] = [{"property": OWN, "value": own}]
        for member in own:
            notes.own("definition", member)
    return Converted(document, tuple(notes.found))


def _property(field: Mapping[str, Any], primary: list[str], texts: Mapping[str, str], notes: Notes) -> dict[str, Any]:
    name = field["name"]
    kind, of_type = rule_of(field.get("type", "any"))
    named = {"businessName": texts.get("title"), "description": texts.get("description")}
    written: dict[str, Any] = {"name": name, **{member: text for member, text in named.items() if text}}
    if kind in LOGICAL:
        written["logicalType"] = LOGICAL[kind]
    written["physicalType"] = kind
    options: dict[str, Any] = {}
    quality = [_custom("type", of_type, notes, f"field {name}")] if of_type else []
    if "format" in field:
        _format(field["format"], options, quality, notes, name)
    if name in primary:
        written |= {"primaryKey": True, "primaryKeyPosition": primary.index(name) + 1}
    _present(field, written, quality)
    for rule in ("min", "max", "enum", "pattern", "minLength", "maxLength"):
        if rule in field:
            _bound(rule, field[rule], kind, options, quality, notes, name)
    said = {
        "classification": SENSITIVE if field.get("sensitive") else None,
        "logicalTypeOptions": options,
        "quality": quality,
    }
    return {**written, **{member: value for member, value in said.items() if value}}


def _format(strptime: str, options: dict[str, Any], quality: list[dict[str, Any]], notes: Notes, name: str) -> None:
    java = java_format(strptime)
    if java is not None and strptime_format(java) == strptime:
        options["format"] = java
    else:
        quality.append(_custom("format", {"value": strptime}, notes, f"field {name}"))


def _present(field: Mapping[str, Any], written: dict[str, Any], quality: list[dict[str, Any]]) -> None:
    """Write `required` and `unique`, tolerant ones as metrics of the library."""
    for rule, metric, dimension in (
        ("required", "nullValues", "completeness"),
        ("unique", "duplicateValues", "uniqueness"),
    ):
        if rule not in field:
            continue
        _, tolerance = rule_of(field[rule])
        if tolerance:
            quality.append(_library(metric, dimension, tolerance))
        else:
            written[rule] = True


def _bound(
    rule: str,
    raw: Any,  # noqa: ANN401 - any JSON value
    kind: str,
    options: dict[str, Any],
    quality: list[dict[str, Any]],
    notes: Notes,
    name: str,
) -> None:
    value, tolerance = rule_of(raw)
    is_plain_text = not tolerance and kind == "string"
    if rule in _LIMITS and not tolerance and kind in _LIMITED and (kind in _DATED or not isinstance(value, str)):
        options[_LIMITS[rule]] = value
    elif rule == "enum":
        quality.append(_library("invalidValues", "conformity", tolerance, {"validValues": value}))
    elif rule == "pattern" and is_plain_text:
        options["pattern"] = searching(value)
    elif rule == "pattern":
        quality.append(_library("invalidValues", "conformity", tolerance, {"pattern": searching(value)}))
    elif rule in {"minLength", "maxLength"} and is_plain_text:
        options[rule] = value
    else:
        quality.append(_custom(rule, {"value": value, **tolerance}, notes, f"field {name}"))


def _key(raw: Any) -> tuple[list[str], dict[str, Any]]:  # noqa: ANN401 - any JSON value
    """Give the columns of a key and its tolerance."""
    if raw is None:
        return [], {}
    if isinstance(raw, dict):
        return raw["columns"], {name: raw[name] for name in ("threshold", "severity") if name in raw}
    return raw, {}


def _object_quality(
    definition: Mapping[str, Any], primary: list[str], tolerance: dict[str, Any], notes: Notes
) -> list[dict[str, Any]]:
    quality = []
    if tolerance:
        quality.append(_custom("primaryKey", {"columns": primary, **tolerance}, notes, "primaryKey"))
    for raw in definition.get("uniqueKeys", []):
        columns, of_key = _key(raw)
        quality.append(_library("duplicateValues", "uniqueness", of_key, {"properties": columns}))
    if "rowCount" in definition:
        quality.append(_row_count(definition["rowCount"], notes))
    quality += [
        {**_custom("rows", rule, notes, f"rule {rule['rule']}"), "name": rule["rule"]}
        for rule in definition.get("rows", [])
    ]
    quality += [
        _custom("references", reference, notes, f"reference of {', '.join(reference['fields'])}")
        for reference in definition.get("references", [])
    ]
    return quality


def _row_count(limits: Mapping[str, Any], notes: Notes) -> dict[str, Any]:
    if "threshold" in limits:
        return _custom("rowCount", limits, notes, "rowCount")
    said: dict[str, Any]
    least, most = limits.get("min"), limits.get("max")
    if least is not None and most is not None:
        said = {"mustBe": least} if least == most else {"mustBeBetween": [least, most]}
    else:
        said = {"mustBeGreaterOrEqualTo": least} if most is None else {"mustBeLessOrEqualTo": most}
    severity = {"severity": limits["severity"]} if "severity" in limits else {}
    return {"type": "library", "metric": "rowCount", "dimension": "completeness", **said, "unit": "rows", **severity}


def _library(
    metric: str, dimension: str, tolerance: Mapping[str, Any], arguments: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    rule: dict[str, Any] = {"type": "library", "metric": metric, "dimension": dimension}
    if arguments is not None:
        rule["arguments"] = dict(arguments)
    if "threshold" in tolerance:
        percent = Decimal(repr(tolerance["threshold"])) * 100
        rule |= {"mustBeLessOrEqualTo": float(percent), "unit": "percent"}
    else:
        rule["mustBe"] = 0
    if "severity" in tolerance:
        rule["severity"] = tolerance["severity"]
    return rule


def _custom(rule: str, argument: Mapping[str, Any], notes: Notes, place: str) -> dict[str, Any]:
    notes.own(place, rule)
    written = {"type": "custom", "engine": ENGINE, "implementation": {"rule": rule, "argument": dict(argument)}}
    return {**written, **({"severity": argument["severity"]} if "severity" in argument else {})}
