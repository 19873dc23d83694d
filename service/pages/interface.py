"""The OpenAPI document as a page shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True, slots=True)
class Operation:
    """One way to ask: `parameters` are names with where they stand and what they are."""

    method: str
    path: str
    description: str
    parameters: tuple[tuple[str, str, str], ...]
    answers: tuple[str, ...]


def operations(document: Mapping[str, Any]) -> tuple[Operation, ...]:
    """Give every operation of a document, in its order."""
    return tuple(
        Operation(
            method.upper(),
            path,
            str(operation.get("description", "")),
            (*_parameters(operation), *_body(document, operation)),
            tuple(operation["responses"]),
        )
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    )


def _parameters(operation: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for one in operation.get("parameters", ()):
        yield one["name"], one["in"], _what(one["schema"], one.get("description", ""))


def _body(document: Mapping[str, Any], operation: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    content = operation.get("requestBody", {}).get("content", {})
    reference = content.get("application/json", {}).get("schema", {}).get("$ref", "")
    schema = document["components"]["schemas"].get(reference.rpartition("/")[2], {})
    for name, one in schema.get("properties", {}).items():
        yield name, "body", _what(one, one.get("description", ""))


def _what(schema: Mapping[str, Any], description: str) -> str:
    """Say of which type something is, and which values it may have."""
    kinds = [str(one.get("type", "")) for one in schema.get("anyOf", [schema])]
    bounds = [f"{word} {schema[name]}" for word, name in (("from", "minimum"), ("to", "maximum")) if name in schema]
    words = " or ".join(kind for kind in kinds if kind and kind != "null")
    return "; ".join(part for part in (" ".join([words, *bounds]).strip(), description) if part)
