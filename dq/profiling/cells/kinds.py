"""What a typed cell is called where it is not of the declared type: a text where a number is wanted, and the like."""

from __future__ import annotations

from typing import Final

from dq.schema.definition import FieldType

TEXT: Final = "text"
_OF_FAMILY: Final = {
    FieldType.STRING: TEXT,
    FieldType.INTEGER: "number",
    FieldType.NUMBER: "number",
    FieldType.DECIMAL: "number",
    FieldType.BOOLEAN: "truth value",
    FieldType.DATE: "date",
    FieldType.DATETIME: "datetime",
    FieldType.TIME: "time",
    FieldType.DURATION: "duration",
    FieldType.OBJECT: "object",
    FieldType.ARRAY: "list",
}
_OF_JSON: Final = {str: TEXT, bool: "truth value", int: "number", float: "number", dict: "object", list: "list"}
#: All kinds there are.
KINDS: Final = frozenset(_OF_FAMILY.values())
#: The types that values of a kind have, so that its name would say nothing.
_TYPES: Final = {
    TEXT: {FieldType.STRING},
    "number": {FieldType.INTEGER, FieldType.NUMBER, FieldType.DECIMAL},
    "truth value": {FieldType.BOOLEAN},
    "list": {FieldType.ARRAY},
}
#: What JSON writes as text.
WRITTEN_AS_STRINGS: Final = (FieldType.STRING, FieldType.DATE, FieldType.DATETIME, FieldType.TIME, FieldType.DURATION)


def kind_of_family(family: FieldType, wanted: FieldType) -> str:
    """Name the kind of cells of a physical type; empty where it is the one that is wanted, or has no name."""
    return _unless_wanted(_OF_FAMILY.get(family, ""), wanted)


def kind_of_json(value: object, wanted: FieldType) -> str:
    """Name the kind of a JSON value; empty where it is the one that is wanted."""
    kind = _unless_wanted(_OF_JSON.get(type(value), ""), wanted)
    return "" if kind == TEXT and wanted in WRITTEN_AS_STRINGS else kind


def _unless_wanted(kind: str, wanted: FieldType) -> str:
    fits = wanted is FieldType.ANY or wanted in _TYPES.get(kind, ()) or kind == wanted.value
    return "" if fits else kind
