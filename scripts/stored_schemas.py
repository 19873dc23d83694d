"""Write conf/schemas/ from the types of what a verdict stores, `dq/verdict/stored/`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from typing_extensions import NotRequired, get_type_hints, is_typeddict

from dq.verdict.stored.metrics import Deductions, Metrics
from dq.verdict.stored.numbers import Within
from dq.verdict.stored.profile import ProfilePayload
from dq.verdict.stored.rules import FailedRule

ROOT = Path(__file__).resolve().parents[1]
#: By the name of the file: the type, and what its document says of itself.
DOCUMENTS: Mapping[str, tuple[Any, str]] = {
    "metrics": (Metrics, "Column metrics of monitoring_file_data_quality."),
    "deductions": (Deductions, "Column deductions of monitoring_file_data_quality: points per metric."),
    "failed_validation_rules": (
        list[FailedRule],
        (
            "Column failed_validation_rules of monitoring_file_data_quality: every rule that failed, the worst "
            "first. Their deductions sum to the deductions. Together with the message at most 256 KiB: where that"
            " is not enough, examples become fewer (3 at least) and shorter, then the last rules are left out, "
            "which the message and `truncated` of the profile say."
        ),
    ),
    "profile_payload": (
        ProfilePayload,
        "Column profile_payload of monitoring_file_data_profile. Counted over all rows; at most 256 KiB.",
    ),
}
_NAMES = {str: "string", int: "integer", float: "number", bool: "boolean", NoneType: "null"}


def document(name: str) -> dict[str, Any]:
    """Give the JSON Schema of one column of the reporting tables."""
    kind, description = DOCUMENTS[name]
    used = Counter(_records(kind))
    shared = [record for record, times in used.items() if times > 1]
    schema = _schema(kind, shared if not is_typeddict(kind) else [one for one in shared if one is not kind])
    written = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": name, "description": description}
    definitions = {_key(record): _schema(record, [one for one in shared if one is not record]) for record in shared}
    return {**written, **schema, **({"$defs": definitions} if definitions else {})}


def _records(kind: Any) -> Iterator[Any]:  # noqa: ANN401 - any type
    """Give every record within a type, as often as it is named; what is in one only once."""
    seen: set[int] = set()

    def walk(inner: Any) -> Iterator[Any]:  # noqa: ANN401 - any type
        if is_typeddict(inner):
            yield inner
            if id(inner) not in seen:
                seen.add(id(inner))
                for hint in get_type_hints(inner, include_extras=True).values():
                    yield from walk(hint)
            return
        for argument in get_args(inner):
            yield from walk(argument)

    yield from walk(kind)


def _key(record: Any) -> str:  # noqa: ANN401 - any type
    name: str = record.__name__
    return name[:1].lower() + name[1:]


def _schema(kind: Any, shared: list[Any]) -> dict[str, Any]:  # noqa: ANN401 - any type
    """Give the schema of a type; records that are `shared` are referred to."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _annotated(arguments, shared)
    if any(kind is one for one in shared):
        return {"$ref": f"#/$defs/{_key(kind)}"}
    if is_typeddict(kind):
        return _record(kind, shared)
    return _PLAIN[origin](arguments, shared) if origin in _PLAIN else {"type": _NAMES[kind]}


def _literal(values: tuple[Any, ...], _shared: list[Any]) -> dict[str, Any]:
    return {"const": values[0]} if len(values) == 1 else {"type": "string", "enum": list(values)}


def _annotated(arguments: tuple[Any, ...], shared: list[Any]) -> dict[str, Any]:
    kind, *said = arguments
    description = next((one for one in said if isinstance(one, str)), None)
    schema = _schema(kind, [] if description and is_typeddict(kind) else shared)
    for within in said:
        if isinstance(within, Within):
            schema["minimum"] = within.least
            if within.most is not None:
                schema["maximum"] = within.most
    if description is None:
        return schema
    first = {key: schema.pop(key) for key in ("type",) if key in schema}
    return {**first, "description": description, **schema}


def _record(kind: Any, shared: list[Any]) -> dict[str, Any]:  # noqa: ANN401 - any type
    hints = get_type_hints(kind, include_extras=True)
    return {
        "type": "object",
        "properties": {name: _schema(hint, shared) for name, hint in hints.items()},
        "required": [name for name, hint in hints.items() if get_origin(hint) is not NotRequired],
        "additionalProperties": False,
    }


def _union(arguments: tuple[Any, ...], shared: list[Any]) -> dict[str, Any]:
    """Give one schema for values of several types; records among them are told apart by their `kind`."""
    schemas = [_schema(one, shared) for one in arguments]
    if any(schema.get("type") == "object" for schema in schemas):
        return {"oneOf": schemas}
    together: dict[str, Any] = {"type": [schema.pop("type") for schema in schemas]}
    for schema in schemas:
        together |= schema
    return together


_PLAIN: Mapping[Any, Callable[[tuple[Any, ...], list[Any]], dict[str, Any]]] = {
    NotRequired: lambda arguments, shared: _schema(arguments[0], shared),
    Literal: _literal,
    list: lambda arguments, shared: {"type": "array", "items": _schema(arguments[0], shared)},
    dict: lambda arguments, shared: {"type": "object", "additionalProperties": _schema(arguments[1], shared)},
    Union: _union,
    UnionType: _union,
}


def documents() -> dict[Path, str]:
    """Give each file with its text."""
    return {
        ROOT / "conf" / "schemas" / f"{name}.json": json.dumps(document(name), indent=2, ensure_ascii=False) + "\n"
        for name in DOCUMENTS
    }


if __name__ == "__main__":
    for path, text in documents().items():
        path.write_text(text, encoding="utf-8")
