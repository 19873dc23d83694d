"""Whether an event is what OpenLineage's specification says, and nothing else.

The client's classes are generated from the specification's JSON Schemas, and each facet names the one it is of. From
the classes come schemas again, stricter than the originals: a property that no schema has is an error, too.
"""

from __future__ import annotations

import enum
import importlib
import pkgutil
import types
import typing
from functools import cache
from typing import Any, Union

import attr
import jsonschema
from openlineage.client import generated
from openlineage.client.generated.base import (
    DatasetFacet,
    InputDatasetFacet,
    JobFacet,
    OutputDatasetFacet,
    RunEvent,
    RunFacet,
)

_FORMATS = {"eventTime": "date-time", "runId": "uuid", "producer": "uri", "_producer": "uri", "_schemaURL": "uri"}
_PLAIN: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    Any: {},
}
#: Facets as the specification calls them, by what they are of.
KINDS = (RunFacet, JobFacet, DatasetFacet, InputDatasetFacet, OutputDatasetFacet)


def problems_of(event: dict[str, Any]) -> list[str]:
    """What is wrong with an event; nothing with a good one."""
    found = [error.message for error in _validator(RunEvent).iter_errors(event)]
    found += _facets(event["run"], "facets", RunFacet) + _facets(event["job"], "facets", JobFacet)
    for one in event["inputs"]:
        found += _facets(one, "facets", DatasetFacet) + _facets(one, "inputFacets", InputDatasetFacet)
    for one in event["outputs"]:
        found += _facets(one, "facets", DatasetFacet) + _facets(one, "outputFacets", OutputDatasetFacet)
    return found


def _facets(holder: dict[str, Any], name: str, kind: type[Any]) -> list[str]:
    found = []
    for key, facet in holder[name].items():
        url, _, named = facet["_schemaURL"].rpartition("/")
        schema = _classes()[named]
        if not issubclass(schema, kind) or schema._get_schema() != f"{url}/{named}":
            found.append(f"{key} is of {named}, which is no {kind.__name__}")
        # The specification names a facet's key as its schema's file is called, without what it is a facet of.
        if not named.lower().startswith(key.lower()) and key != "version":
            found.append(f"{key} is no name for {named}")
        found += [f"{key}: {error.message}" for error in _validator(schema).iter_errors(facet)]
    return found


@cache
def _classes() -> dict[str, Any]:
    modules = [
        importlib.import_module(f"{generated.__name__}.{one.name}") for one in pkgutil.iter_modules(generated.__path__)
    ]
    return {
        name: value
        for module in modules
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, KINDS)
    }


@cache
def _validator(of: type[Any]) -> jsonschema.Draft202012Validator:
    defined: dict[str, dict[str, Any]] = {}
    schema = _schema(of, defined) | {"$defs": defined}
    return jsonschema.Draft202012Validator(schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)


def _schema(of: Any, defined: dict[str, dict[str, Any]]) -> dict[str, Any]:  # noqa: ANN401 - any type there is
    """The schema of a type; those of classes are put into `defined`, for some hold themselves."""
    if of in _PLAIN:
        return _PLAIN[of]
    origin, arguments = typing.get_origin(of), typing.get_args(of)
    if origin in (Union, types.UnionType):
        return {"anyOf": [_schema(one, defined) for one in arguments if one is not type(None)]}
    if origin is list:
        return {"type": "array", "items": _schema(arguments[0], defined)}
    if origin is dict:
        # Facets are looked at by their own schemas.
        is_of_facets = isinstance(arguments[1], type) and arguments[1] in KINDS
        return {"type": "object", "additionalProperties": True if is_of_facets else _schema(arguments[1], defined)}
    if isinstance(of, type) and issubclass(of, enum.Enum):
        return {"enum": [one.value for one in of]}
    return _schema_of_class(of, defined)


def _schema_of_class(of: type[Any], defined: dict[str, dict[str, Any]]) -> dict[str, Any]:
    name = f"{of.__module__}.{of.__qualname__}"
    reference = {"$ref": f"#/$defs/{name}"}
    if name in defined:
        return reference
    defined[name] = {}
    hints = typing.get_type_hints(of)
    fields = attr.fields(of)
    properties = {
        one.name: _schema(hints[one.name], defined) | ({"format": _FORMATS[one.name]} if one.name in _FORMATS else {})
        for one in fields
    }
    required = [one.name for one in fields if one.default is attr.NOTHING or one.name in ("_producer", "_schemaURL")]
    defined[name] |= {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    return reference
