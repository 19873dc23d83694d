"""Definitions become contracts and definitions again: the same verdicts, judged by the tools that own the standards."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pytest
from datacontract.data_contract import DataContract
from frictionless import Package, Resource
from hypothesis import given
from jsonschema import Draft201909Validator

from dq import load_definition, write_definition
from etl_core.yaml_document import read_yaml, write_yaml
from operations.contracts.frictionless_in import from_frictionless
from operations.contracts.frictionless_out import to_package, to_resource
from operations.contracts.odcs_in import from_odcs
from operations.contracts.odcs_out import to_odcs
from tests.reference.tables import TEXTS, definitions
from tests.unit.schema.test_writing import EVERYTHING, GOLDEN

if TYPE_CHECKING:
    from operations.contracts.conversion import Converted

#: The standard's own, as its makers' tool ships it.
SCHEMA = Draft201909Validator(json.loads((files("datacontract.schemas") / "odcs-3.1.0.schema.json").read_text()))
CASES = {path.parent.name: path.read_text() for path in GOLDEN} | {"everything": json.dumps(EVERYTHING)}


def converted(raw: Any) -> tuple[Any, Converted, Converted]:  # noqa: ANN401 - any JSON value
    read = load_definition(raw)
    plain = write_definition(read)
    return read, to_odcs(plain, "trips", "1.0.0", {}), to_resource(plain, "trips", None, {})


def assert_same(read: Any, document: Converted) -> None:  # noqa: ANN401 - a definition
    again = load_definition(json.dumps(document.document))
    assert again.fingerprint == read.fingerprint, document.document
    assert document.notes == ()


@pytest.mark.parametrize("name", CASES)
def test_golden_definitions_come_back_the_same(name: str) -> None:
    if CASES[name].strip() in {"", "null", "{}"}:
        return
    read, contract, resource = converted(CASES[name])
    SCHEMA.validate(contract.document)
    assert_same(read, from_odcs(read_yaml(write_yaml(contract.document))))
    assert_same(read, from_frictionless(json.loads(json.dumps(resource.document))))


@given(definitions(list(TEXTS)))
def test_any_definition_comes_back_the_same(definition: dict[str, Any]) -> None:
    read, contract, resource = converted(definition)
    assert_same(read, from_odcs(contract.document))
    assert_same(read, from_frictionless(resource.document))


@pytest.mark.parametrize("name", ["everything", "composite_key_with_nulls", "threshold_exceeded"])
def test_contracts_pass_the_lint_of_datacontract(name: str) -> None:
    _, contract, _ = converted(CASES[name])
    run = DataContract(data_contract_str=write_yaml(contract.document)).lint()
    assert [(check.name, check.result, check.reason) for check in run.checks or [] if check.result != "passed"] == []
    assert run.result == "passed"


def test_packages_and_resources_are_valid_to_frictionless() -> None:
    for text in CASES.values():
        if text.strip() in {"", "null", "{}"}:
            continue
        _, _, resource = converted(text)
        Package.from_descriptor(to_package(resource, "trips").document)
        assert Resource.from_descriptor(resource.document).name == "trips"
