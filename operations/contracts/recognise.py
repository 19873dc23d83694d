"""A document of any kind, told by what stands in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import Enum
from typing import Any, Final

from dq import fold
from etl_core.yaml_document import YamlError, read_yaml
from operations.contracts.conversion import ContractError

#: As of definitions: far above any real document, little enough that a hostile one costs next to nothing.
MOST_BYTES: Final = 4 << 20
_MOST_VALUES: Final = 200_000
_MOST_LEVELS: Final = 64


class Kind(str, Enum):
    """What a document is."""

    DEFINITION = "definition"
    ODCS = "odcs"
    FRICTIONLESS = "frictionless"


def read_document(text: bytes) -> dict[str, Any]:
    """Read JSON or YAML; times and dates are texts.

    Raises:
        ContractError: it is neither, no object, or larger than anything that somebody wrote.
    """
    if len(text) > MOST_BYTES:
        raise ContractError(f"it has {len(text):,} bytes; expected at most {MOST_BYTES:,}")
    try:
        decoded = text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ContractError(f"it is not UTF-8 (byte {error.start})") from None
    try:
        document = json.loads(decoded) if decoded.lstrip()[:1] in {"{", "["} else read_yaml(decoded)
    except RecursionError:
        raise ContractError("it is nested too deeply") from None
    except (YamlError, ValueError) as error:
        raise ContractError(f"it is neither JSON nor YAML: {error}") from None
    if not isinstance(document, dict):
        raise ContractError(f"it is no object but {type(document).__name__}; expected names and values")
    _measure(document)
    return document


def kind_of_document(document: Mapping[str, Any]) -> Kind:
    """Say what a document is: contracts and packages name themselves, a list of fields is a definition."""
    if document.get("kind") == "DataContract" or "apiVersion" in document:
        return Kind.ODCS
    if "resources" in document or "schema" in document or "fieldsMatch" in document or "foreignKeys" in document:
        return Kind.FRICTIONLESS
    return Kind.DEFINITION


def texts_of(definition: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Give title and description of the fields of a definition as somebody wrote it, by their names."""
    members = {fold(str(name)): value for name, value in definition.items()}
    raw = members.get("fields", members.get("columns"))
    if isinstance(raw, dict):
        raw = [{"name": name, **field} for name, field in raw.items() if isinstance(field, dict)]
    texts: dict[str, dict[str, str]] = {}
    for field in raw if isinstance(raw, list) else []:
        if isinstance(field, dict):
            said = {fold(str(name)): value for name, value in field.items() if isinstance(value, str)}
            found = {name: said[name] for name in ("title", "description") if said.get(name)}
            if found and "name" in said:
                texts[said["name"].strip()] = found
    return texts


def _measure(document: Mapping[str, Any]) -> None:
    """Walk it as often as its aliases say: a few lines of YAML can stand for more than any memory holds."""
    values = 0
    waiting: list[tuple[Any, int]] = [(document, 1)]
    while waiting:
        value, level = waiting.pop()
        values += 1
        if values > _MOST_VALUES or level > _MOST_LEVELS:
            raise ContractError(
                f"it has more than {_MOST_VALUES:,} values, or is nested more than {_MOST_LEVELS} times"
            )
        if isinstance(value, dict):
            waiting.extend((member, level + 1) for member in value.values())
        elif isinstance(value, list):
            waiting.extend((member, level + 1) for member in value)
