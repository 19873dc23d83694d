"""From the YAML file of a source to an `ApiSource`, or to everything that is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from dq import kind_of, shown, suggestion
from etl_core.yaml_document import YamlError, read_yaml
from pipelines.api_ingestion.errors import ApiSourceError
from pipelines.api_ingestion.source.api_source import ApiSource

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def source_names(folder: Path) -> tuple[str, ...]:
    """Name the sources of a folder."""
    return tuple(sorted(path.stem for path in folder.glob("*.yaml")))


def read_source(name: str, folder: Path) -> ApiSource:
    """Read the source `name` from its file in a folder.

    Raises:
        ApiSourceError: there is none, or it cannot be used; lists every problem, each with its place.
    """
    names = source_names(folder)
    if name not in names:
        there = f"there are {', '.join(names)}" if names else "it has no file NAME.yaml"
        problem = f"{folder} has no source of this name{suggestion(name, names)}; {there}"
        raise ApiSourceError(f"the source {name!r}", [problem])
    subject = f"the source {name} ({name}.yaml)"
    try:
        raw = read_yaml((folder / f"{name}.yaml").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YamlError) as error:
        raise ApiSourceError(subject, [f"it cannot be read: {error}"]) from error
    if not isinstance(raw, dict):
        raise ApiSourceError(subject, [f"it is {kind_of(raw)}; expected an object"])
    problems = []
    if raw.get("source") != name:
        problems.append(f"source: is {shown(raw.get('source'))}; expected {name}, as the file is called")
    try:
        source = ApiSource.model_validate(raw)
    except ValidationError as error:
        raise ApiSourceError(subject, [*problems, *map(_problem, error.errors())]) from None
    if problems:
        raise ApiSourceError(subject, problems)
    return source


def _problem(item: Mapping[str, Any]) -> str:
    """One of pydantic's errors as: place, problem."""
    place = ".".join(str(part) for part in item["loc"]) or "the whole"
    match item["type"]:
        case "extra_forbidden":
            return f"{place}: has no effect here; take it out, or mend its name"
        case "missing":
            return f"{place}: is missing"
        case "value_error":
            return f"{place}: {str(item['msg']).removeprefix('Value error, ')}"
    said = str(item["msg"])
    kept_back = isinstance(item["input"], dict | list) or "auth" in item["loc"]  # a value in a name's place is a secret
    found = "" if kept_back else f"is {shown(item['input'])}; "
    return f"{place}: {found}{said[:1].lower()}{said[1:]}"
