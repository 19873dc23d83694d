"""Odd files give the rows written beside them: read whole, in very small parts, and counted by the engine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dq.definitions import load_definition
from dq.engine.profile_files import profile_files
from dq.engine.source_file import SourceObject
from dq.errors import UnreadableFileError
from dq.formats.limits import Limits
from dq.profiling.summary.summary import FileSummary
from dq.schema.definition import SchemaDefinition
from etl_core.objects.store import ObjectStore
from tests.unit.formats.collected import read_file

CASES = sorted(path for path in Path(__file__).parent.iterdir() if (path / "expected.json").exists())


def expected_of(case: Path) -> dict[str, Any]:
    expected: dict[str, Any] = json.loads((case / "expected.json").read_text("utf-8"))
    return expected


def input_of(case: Path) -> tuple[Path, SchemaDefinition | None]:
    (path,) = case.glob("input.*")
    definition = case / "definition.json"
    return path, load_definition(json.loads(definition.read_text("utf-8"))) if definition.exists() else None


@pytest.mark.parametrize(
    "limits", [Limits(), Limits(split=5, block=3), Limits(split=16, block=64)], ids=["whole", "tiny", "small"]
)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_rows_are_those_written_beside_the_file(case: Path, limits: Limits) -> None:
    path, definition = input_of(case)
    expected = expected_of(case)
    if "unreadable" in expected:
        with pytest.raises(UnreadableFileError) as refusal:
            read_file(path.read_bytes(), path.name, definition, limits)
        assert expected["unreadable"] in str(refusal.value)
        return
    found = read_file(path.read_bytes(), path.name, definition, limits)
    before = found.layout.first_line
    assert list(found.layout.header) == expected["header"]
    assert found.rows.values == expected["rows"]
    assert [line + before for line, _ in found.rows.rows] == expected["lines"]
    assert [line + before for line, _ in found.rows.malformed] == expected["malformedLines"]
    assert found.rows.count == len(expected["malformedLines"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_engine_counts_them(case: Path) -> None:
    path, definition = input_of(case)
    expected = expected_of(case)
    store = ObjectStore()
    summary = profile_files([SourceObject(1, store.peek(None, str(path)), definition)], store=store)[1]
    assert isinstance(summary, FileSummary)
    if "unreadable" in expected:
        assert expected["unreadable"] in (summary.unreadable or "")
        return
    malformed = expected["malformedLines"]
    assert summary.unreadable is None
    assert (summary.rows_read, summary.rows_malformed) == (len(expected["rows"]) + len(malformed), len(malformed))
    assert [example.line for example in summary.malformed_examples] == malformed
