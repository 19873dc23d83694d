"""A file of a thousand columns: what is written of it is bounded, and never without examples."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from dq.definitions import load_definition
from dq.engine.profile_files import judge_sources
from dq.engine.source_file import SourceObject
from dq.verdict.json_size import MAX_BYTES
from dq.verdict.verdict import Verdict
from etl_core.errors import PipelineError
from etl_core.objects.store import ObjectStore
from etl_core.shipped_files import shipped_file
from etl_core.storable import json_text

COLUMNS = 1000
CELLS = ("", "word in a cell", "12345", "7")


@pytest.fixture(scope="module")
def verdict(tmp_path_factory: pytest.TempPathFactory) -> Verdict:
    """On a file whose every column breaks three rules, and which has one column that is not declared."""
    names = [f"column_number_{at}" for at in range(COLUMNS)]
    fields = [{"name": name, "type": "integer", "required": True, "max": 100} for name in names]
    rows = [[*(CELLS[(row + at) % 4] for at in range(COLUMNS)), "x"] for row in range(60)]
    path = tmp_path_factory.mktemp("wide") / "wide.csv"
    path.write_text("".join(",".join(row) + "\n" for row in ([*names, "extra"], *rows)), encoding="utf-8")
    store = ObjectStore()
    definition = load_definition({"strict": True, "fields": fields})
    found = judge_sources([SourceObject(0, store.peek(None, str(path)), definition)], store=store)[0]
    assert not isinstance(found, PipelineError), found
    return found.verdict


def payload(verdict: Verdict) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(json_text(verdict.profile_payload))
    return loaded


def cuts(verdict: Verdict) -> dict[str, tuple[int, int]]:
    return {cut["code"]: (cut["kept"], cut["of"]) for cut in payload(verdict)["truncated"]}


def test_rules_and_message_are_bounded_together_and_the_worst_rules_stay(verdict: Verdict) -> None:
    rules, message = verdict.failed_validation_rules, verdict.failed_validation_message or ""
    size = len(json.dumps(rules)) + len(json.dumps(message))
    failed = sum(metric["rulesFailed"] for metric in verdict.metrics.values())
    assert failed == 3001
    assert 0.95 * MAX_BYTES < size <= MAX_BYTES  # measured: 260,294 and 1,370 bytes, 738 rules
    assert cuts(verdict)["failedValidationRules"] == (len(rules), failed)
    assert message.endswith(f"the failed rules hold the worst {len(rules):,} of 3,001 findings")
    deductions = [rule["deduction"] for rule in rules]
    assert deductions == sorted(deductions, reverse=True)


def test_every_rule_that_is_kept_has_three_examples(verdict: Verdict) -> None:
    examples = [len(rule["examples"]) for rule in verdict.failed_validation_rules if rule["rule"] != "extra"]
    assert len(examples) > 700
    assert min(examples) == 3


def test_the_payload_is_bounded_and_keeps_samples_and_examples(verdict: Verdict) -> None:
    found = payload(verdict)
    assert 0.9 * MAX_BYTES < len(json.dumps(found)) <= MAX_BYTES  # measured: 257,613 bytes
    assert len(found["sampleData"]["rows"]) == 25
    assert len(found["sampleData"]["columns"]) == 20
    assert len(found["statisticalSummary"]["columns"]) == cuts(verdict)["columns"][0] > 200
    assert {len(column["examples"]) for column in found["typeFormatIssues"]["columns"]} == {3}
    assert {len(column["above"]["examples"]) for column in found["boundsAnomalies"]["columns"]} == {3}


@pytest.mark.parametrize("name", ["failed_validation_rules", "profile_payload"])
def test_what_is_written_is_valid_by_its_schema(verdict: Verdict, name: str) -> None:
    schema = json.loads(shipped_file(f"schemas/{name}.json").read_text(encoding="utf-8"))
    jsonschema.validate(json.loads(json_text(getattr(verdict, name))), schema)
