"""A suggested definition loads without a warning, and the file it came from keeps every rule of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from dq.definitions import load_definition
from jobs.running.settings import read_settings
from jobs.suggesting.suggest_definition import suggest_for_file
from tests.golden_cases import GoldenCase, golden_cases
from tests.unit.report.files import kept_verdict, wide_file

if TYPE_CHECKING:
    from pathlib import Path

    from dq.suggestions.suggest import Suggestion

#: Files nothing can be declared of: they cannot be parsed at all.
_UNREADABLE = {case.name for case in golden_cases() if case.deductions["format"] == 35}
_READABLE = [case for case in golden_cases() if case.name not in _UNREADABLE]


def _suggested(path: Path, least: float = 0.0) -> Suggestion:
    return suggest_for_file(str(path), read_settings(env_file=None), least)


@pytest.mark.parametrize("case", _READABLE, ids=lambda case: case.name)
def test_every_readable_golden_file_keeps_what_is_suggested_for_it(case: GoldenCase) -> None:
    definition = _suggested(case.path).definition()
    assert load_definition(json.dumps(definition)).warnings == ()
    verdict = kept_verdict(case.path, definition)
    assert {rule["rule"] for rule in verdict.rules or ()} <= {"malformed_rows", "repeated", "unresolved_formulas"}
    assert verdict.deductions == {**dict.fromkeys(verdict.deductions, 0.0), "format": verdict.deductions["format"]}


def test_a_file_with_faults_in_every_column_scores_100_but_for_its_broken_rows(tmp_path: Path) -> None:
    path, _ = wide_file(tmp_path, 16, rows=400)
    suggestion = _suggested(path, least=0.9)
    verdict = kept_verdict(path, suggestion.definition())
    assert {rule["rule"] for rule in verdict.rules or ()} == {"malformed_rows"}
    assert verdict.score >= 99


def _written(folder: Path, text: str | bytes) -> Path:
    path = folder / "file.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def _field(suggestion: Suggestion, name: str) -> dict[str, Any]:
    return next(field for field in suggestion.definition()["fields"] if field["name"] == name)


def test_the_rules_of_a_clean_file_are_found_again(tmp_path: Path) -> None:
    rows = "\n".join(
        f"{at},{at % 7 * 10}.5,{'card' if at % 2 else 'cash'},AX{at:04d},2026-01-{at % 28 + 1:02d}" for at in range(200)
    )
    suggestion = _suggested(_written(tmp_path, f"id,fare,pay,code,day\n{rows}\n"), least=0.95)
    assert _field(suggestion, "id") == {"name": "id", "type": "integer", "required": True, "unique": True, "min": 0}
    assert _field(suggestion, "pay")["enum"] == ["card", "cash"]
    assert _field(suggestion, "code")["pattern"] == "[A-Z]{2}[0-9]{4}"
    assert _field(suggestion, "fare")["min"] == 0
    assert 60.5 < _field(suggestion, "fare")["max"] < 100
    assert _field(suggestion, "day")["type"] == "date"


def test_a_few_rows_speak_for_types_and_for_no_rule(tmp_path: Path) -> None:
    suggestion = _suggested(_written(tmp_path, "id,pay\n1,card\n2,cash\n"), least=0.95)
    assert suggestion.rules == ()
    assert suggestion.unsure
    assert [field["type"] for field in suggestion.definition()["fields"]] == ["integer", "string"]


def test_the_dialect_and_the_ways_to_write_nothing_and_dates_are_declared(tmp_path: Path) -> None:
    path = _written(tmp_path, "id;name;day\n1;José;31/12/2025\n2;Ann;N/A\n3;Bob;15/01/2026\n".encode("latin-1"))
    definition = _suggested(path).definition()
    assert definition["csv"] == {"delimiter": ";", "encoding": "windows-1252"}
    assert definition["missingValues"] == ["", "N/A"]
    assert definition["fields"][2] | {"min": None} == {"name": "day", "type": "date", "format": "%d/%m/%Y", "min": None}
    assert kept_verdict(path, definition).score == 100


def test_codes_with_leading_zeros_stay_texts(tmp_path: Path) -> None:
    suggestion = _suggested(_written(tmp_path, "zip,phone\n01067,+4935112\n80331,+4989123\n"))
    assert {field["type"] for field in suggestion.definition()["fields"]} == {"string"}


def test_a_type_that_a_few_values_are_not_of_is_kept_with_a_tolerance(tmp_path: Path) -> None:
    rows = "\n".join("oops" if at % 100 == 7 else str(at) for at in range(1000))
    path = _written(tmp_path, f"number\n{rows}\n")
    field = _field(_suggested(path, least=0.95), "number")
    assert (field["type"], field["threshold"]) == ("integer", 0.01)
    assert kept_verdict(path, {"fields": [field]}).score == 100
