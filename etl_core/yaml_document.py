"""A YAML file as JSON values: `on`, `no`, 12:30:00 and 2026-01-01 are the texts they look like.

YAML 1.1 reads them as true, false, 45,000 and a day. Here true, false, null and numbers are what they are in JSON, as
in YAML 1.2; everything else is a text. A name that stands twice is refused, where YAML would take the last.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import Any, Final

import yaml

#: What is no text, and by which characters it may begin.
_VALUES: Final = {
    "bool": (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    "int": (r"[-+]?(?:0|[1-9][0-9]*)", "-+0123456789"),
    "float": (r"[-+]?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?", "-+0123456789"),
    "null": (r"null|Null|NULL|~|", "nN~\0"),
}


class YamlError(ValueError):
    """A text is no YAML, or has a name twice; the message says where."""


class _Loader(yaml.SafeLoader):
    """Reads values as JSON has them."""

    yaml_implicit_resolvers: Any = {}  # noqa: RUF012 - as it is there; filled below

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - as it is there
        seen: set[Any] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise YamlError(f"line {key.start_mark.line + 1}: {key.value!r} is given twice")
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


for _name, (_pattern, _first) in _VALUES.items():
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", re.compile(f"^(?:{_pattern})$"), list(_first))
_Loader.yaml_implicit_resolvers[""] = _Loader.yaml_implicit_resolvers.pop("\0")  # what is empty is null


def read_yaml(text: str | bytes) -> Any:  # noqa: ANN401 - any JSON value
    """Read one document.

    Raises:
        YamlError: it is no YAML, or has a name twice.
    """
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = "" if mark is None else f"line {mark.line + 1}: "
        raise YamlError(f"{where}{error.problem or error.context or 'it is no YAML'}") from None
    except yaml.YAMLError as error:
        raise YamlError(str(error).partition("\n")[0]) from None


def write_yaml(document: Any) -> str:  # noqa: ANN401 - any JSON value
    """Write one document, its names in the order they have; `read_yaml` reads the same of it."""
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
