"""A YAML file as JSON values; what YAML would read as something nobody meant is refused."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import yaml


class YamlError(ValueError):
    """A text is no YAML, or has a name twice; the message says where."""


class _Loader(yaml.SafeLoader):
    """Refuses a name that stands twice in one mapping, of which YAML would take the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - as it is there
        seen: set[Any] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise YamlError(f"line {key.start_mark.line + 1}: {key.value!r} is given twice")
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


def read_yaml(text: str) -> Any:  # noqa: ANN401 - any JSON value
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
