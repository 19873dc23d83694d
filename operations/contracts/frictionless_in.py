"""A Data Package, a resource of one, or a Table Schema as a definition (datapackage.org, versions 1 and 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dq import pattern_problem
from operations.contracts.conversion import OWN, ContractError, Converted, Notes, beyond

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Types of the standard that there are none of here, and what is read instead.
_NEAREST: Final = {
    "list": "string",
    "year": "integer",
    "yearmonth": "string",
    "geopoint": "string",
    "geojson": "object",
}
_KNOWN_CONSTRAINTS: Final = frozenset(
    {"required", "unique", "minimum", "maximum", "enum", "pattern", "minLength", "maxLength"}
)
#: Members of a field that are read, and those that are for people.
_READ: Final = frozenset(
    {
        *("name", "type", "format", "constraints", "categories", OWN),
        *("title", "description", "example", "examples", "rdfType", "categoriesOrdered"),
    }
)
_TRUE: Final = ["true", "True", "TRUE", "1"]
_FALSE: Final = ["false", "False", "FALSE", "0"]
#: Members that change nothing for a file, with the values that say what is so anyway.
_USUAL: Final[Mapping[str, tuple[Any, ...]]] = {
    "decimalChar": (".",),
    "groupChar": ("",),
    "bareNumber": (True,),
    "trueValues": (_TRUE,),
    "falseValues": (_FALSE,),
    "lineTerminator": ("\n", "\r\n"),
    "doubleQuote": (True,),
    "skipInitialSpace": (False,),
    "caseSensitiveHeader": (False, True),
    "csvddfVersion": (1.0, 1.2, "1.0", "1.2"),
    "headerRows": ([1],),
}
_DIALECT: Final = {"delimiter": "delimiter", "quoteChar": "quote", "header": "header"}
_FORMATS: Final = frozenset({"csv", "tsv", "json", "jsonl", "ndjson", "parquet", "orc", "xlsx", "xls", "ods"})
#: No column may be there that is no field. A text; the profile of version 2.0 wants a list of one by mistake.
_MATCHES: Final = ("exact", "equal", ["exact"], ["equal"])


def from_frictionless(document: Mapping[str, Any], wanted: str | None = None) -> Converted:
    """Read the definition of one resource.

    Args:
        document: a package (`resources`), a resource (`schema`) or a Table Schema (`fields`), as JSON values.
        wanted: the name of the resource; needed where a package has several.

    Raises:
        ContractError: it is none of them, or has no resource of that name.
    """
    resource = _resource(document, wanted)
    notes = Notes()
    schema = resource.get("schema") if "fields" not in resource else resource
    if isinstance(schema, str):
        raise ContractError(f"the schema is in another file ({schema}); put it into the document, or convert that file")
    if not isinstance(schema, dict) or not isinstance(schema.get("fields"), list):
        raise ContractError("the resource has no schema with a list of fields")
    definition: dict[str, Any] = {}
    fields: list[dict[str, Any]] = []
    for raw in schema["fields"]:
        if not isinstance(raw, dict) or not isinstance(raw.get("name"), str):
            raise ContractError('a field of the schema has no name; expected objects such as {"name": "id"}')
        fields.append(_field(raw, definition, notes))
    definition["fields"] = fields
    for member in ("primaryKey", "uniqueKeys"):
        if schema.get(member):
            definition[member] = schema[member]
    _missing_values(schema.get("missingValues"), definition)
    if schema.get("fieldsMatch") in _MATCHES:
        definition["strict"] = True
    foreign_keys = schema.get("foreignKeys")
    for foreign in foreign_keys if isinstance(foreign_keys, list) else []:
        notes.lost("foreignKeys", f"the foreign key {foreign!r:.80}; a reference names an object or a table")
    if resource is not schema:
        _of_file(resource, definition, notes)
    return Converted(definition, tuple(notes.found))


def _resource(document: Mapping[str, Any], wanted: str | None) -> Mapping[str, Any]:
    if "resources" not in document:
        return document
    resources = document["resources"]
    if not isinstance(resources, list) or not resources or not all(isinstance(one, dict) for one in resources):
        raise ContractError("the package has no resources; expected a list of objects")
    names = ", ".join(repr(one.get("name")) for one in resources)
    if wanted is None and len(resources) > 1:
        raise ContractError(f"the package has the resources {names}; name one of them")
    chosen: list[Mapping[str, Any]] = [one for one in resources if wanted is None or one.get("name") == wanted]
    if chosen:
        return chosen[0]
    raise ContractError(f"the package has no resource {wanted!r}; it has {names}")


def _field(raw: Mapping[str, Any], definition: dict[str, Any], notes: Notes) -> dict[str, Any]:
    place = f"field {raw['name']}"
    kind = raw.get("type", "any")
    if not isinstance(kind, str):
        raise ContractError(f'the type of {place} is {kind!r:.40}; expected a text such as "integer"')
    field: dict[str, Any] = {member: raw[member] for member in ("name", "title", "description") if member in raw}
    if kind in _NEAREST:
        notes.lost(place, f"the type {kind}, which is taken as {_NEAREST[kind]}")
        kind = _NEAREST[kind]
    if kind != "any":
        field["type"] = kind
    strptime = str(raw.get("format", "default"))
    if kind in {"date", "datetime", "time"} and strptime not in {"default", "any"}:
        field["format"] = strptime
    elif strptime != "default":
        notes.lost(place, f"the format {strptime}")
    constraints = raw.get("constraints")
    _constraints(constraints if isinstance(constraints, dict) else {}, kind, field, definition, notes)
    categories = raw.get("categories")
    if isinstance(categories, list) and "enum" not in field:
        field["enum"] = [one.get("value") if isinstance(one, dict) else one for one in categories]
    for member in sorted(raw.keys() - _READ):
        if raw[member] not in _USUAL.get(member, ()):
            notes.lost(place, f"{member} {raw[member]!r:.60}")
    own = raw.get(OWN)
    return {**field, **own} if isinstance(own, dict) else field


def _constraints(
    constraints: Mapping[str, Any], kind: str, field: dict[str, Any], definition: dict[str, Any], notes: Notes
) -> None:
    for name, value in constraints.items():
        if name in {"exclusiveMinimum", "exclusiveMaximum"}:
            literal = value if not isinstance(value, str) or kind in {"integer", "number"} else f"{kind} '{value}'"
            definition.setdefault("rows", []).append(beyond(field["name"], name, literal))
        elif name == "pattern" and (problem := pattern_problem(str(value))) is not None:
            notes.lost(f"field {field['name']}", f"a pattern that {problem}")
        elif name in _KNOWN_CONSTRAINTS:
            field[{"minimum": "min", "maximum": "max"}.get(name, name)] = value
        else:
            notes.lost(f"field {field['name']}", f"the constraint {name}")


def _missing_values(values: Any, definition: dict[str, Any]) -> None:  # noqa: ANN401 - any JSON value
    if not isinstance(values, list):
        return
    plain = [one.get("value") if isinstance(one, dict) else one for one in values]
    if plain != [""]:
        definition["missingValues"] = plain


def _of_file(resource: Mapping[str, Any], definition: dict[str, Any], notes: Notes) -> None:
    """Read format, dialect and encoding, and what stands under our own name."""
    name = resource.get("format")
    if isinstance(name, str):
        if name.lower() in _FORMATS:
            definition["format"] = name.lower()
        else:
            notes.lost("resource", f"the format {name}")
    csv = _dialect(resource.get("dialect"), definition, notes)
    encoding = resource.get("encoding")
    if isinstance(encoding, str) and encoding.lower().replace("_", "-") not in {"utf-8", "utf8"}:
        csv["encoding"] = encoding
    if csv:
        definition["csv"] = csv
    own = resource.get(OWN)
    if isinstance(own, dict):
        for rule in own.pop("rows", []) if "rows" in definition else ():
            definition["rows"].append(rule)
        definition.update(own)


def _dialect(dialect: Any, definition: dict[str, Any], notes: Notes) -> dict[str, Any]:  # noqa: ANN401 - any JSON value
    csv: dict[str, Any] = {}
    if not isinstance(dialect, dict):
        return csv
    inner = dialect.get("csv")  # frictionless-py writes what is of CSV alone one level down
    for member, value in {**dialect, **(inner if isinstance(inner, dict) else {})}.items():
        if member in _DIALECT:
            csv[_DIALECT[member]] = value
        elif member == "sheetName":
            definition["sheet"] = value
        elif member not in {"csv", "$schema", "type", "name"} and value not in _USUAL.get(member, ()):
            notes.lost("dialect", f"{member} {value!r:.60}")
    return csv
