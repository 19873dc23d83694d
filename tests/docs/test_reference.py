"""The reference pages are what the code says, and every verdict is what the schemas say."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema
import pytest

from dq.checks.plan import DIMENSIONS
from dq.definitions import load_definition
from dq.engine.profile_files import judge_sources
from dq.engine.source_file import SourceObject
from dq.verdict.verdict import Verdict
from etl_core.errors import PipelineError
from etl_core.objects.store import ObjectStore
from etl_core.shipped_files import shipped_file
from etl_core.storable import json_text
from tests.golden_cases import GoldenCase, golden_cases

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = ("metrics", "deductions", "failed_validation_rules", "profile_payload")


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    """The script that writes the pages."""
    return _script("reference")


def _script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_the_pages_are_those_that_the_code_writes(reference: ModuleType) -> None:
    """Writing them runs every example; `make docs` brings them up to date."""
    for page, text in reference.pages().items():
        assert page.read_text(encoding="utf-8") == text, f"{page.name} is out of date: make docs"


def test_the_schemas_are_those_that_the_types_say() -> None:
    for path, text in _script("stored_schemas").documents().items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name} is out of date: make docs"


def test_an_example_that_does_not_show_what_it_says_stops_the_writing(reference: ModuleType) -> None:
    one = sys.modules["meanings"].one
    with pytest.raises(SystemExit, match="passes"):
        reference.message(one("integer", "1", "2"))
    with pytest.raises(SystemExit, match="fails"):
        reference.message(one("integer", "x", "y"))


def schema(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(shipped_file(f"schemas/{name}.json").read_text(encoding="utf-8"))
    return loaded


def verdict_on(case: GoldenCase) -> Verdict:
    store = ObjectStore()
    definition = load_definition(case.definition) if case.definition else None
    found = judge_sources([SourceObject(0, store.peek(None, str(case.path)), definition)], store=store)[0]
    assert not isinstance(found, PipelineError)
    return found.verdict


@pytest.mark.parametrize("case", golden_cases(), ids=lambda case: case.name)
def test_every_golden_verdict_is_valid(case: GoldenCase) -> None:
    verdict = verdict_on(case)
    for name in SCHEMAS:
        jsonschema.validate(json.loads(json_text(getattr(verdict, name))), schema(name))


def test_the_schemas_are_strict_and_name_every_dimension() -> None:
    for name in SCHEMAS:
        jsonschema.Draft202012Validator.check_schema(schema(name))
    assert schema("metrics")["required"] == [dimension.metric for dimension in DIMENSIONS]
    assert schema("deductions")["required"] == [dimension.key for dimension in DIMENSIONS]
    assert set().union(*(dimension.sections for dimension in DIMENSIONS)) <= set(schema("profile_payload")["required"])
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**dict.fromkeys(schema("deductions")["required"], 0), "more": 1}, schema("deductions"))
