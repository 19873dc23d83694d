"""Rows of a file with what was found in them, and what its verdict counts, side by side."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dq.checks.check_result import Status
from dq.checks.dimensions.row_rules import is_row_rule
from dq.checks.plan import DIMENSIONS, plan_checks
from dq.engine.profile_files import profile_files
from dq.engine.source_file import SourceObject
from dq.formats.limits import Limits
from dq.rows.files.file_rows import RowsOfFile
from etl_core.errors import PipelineError
from etl_core.objects.store import ObjectStore

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dq.profiling.summary.summary import FileSummary
    from dq.profiling.tally.row_batch import MalformedRow
    from dq.schema.definition import SchemaDefinition

#: The rules that rows break; all others are about columns or the file.
ABOUT_ROWS = {"type", "required", "min", "max", "enum", "pattern", "minLength", "maxLength", "unique"}


@dataclass
class Found:
    """All rows of a file, in order: the line of each, its findings, whether it fails; and what is no row."""

    lines: list[int | None]
    findings: list[list[Mapping[str, Any]] | None]
    failing: list[bool]
    malformed: list[MalformedRow]

    def counted(self) -> Counter[tuple[str, str]]:
        return counted(self.findings)


def counted(findings: Iterable[list[Mapping[str, Any]] | None]) -> Counter[tuple[str, str]]:
    return Counter((one["rule"], one["column"]) for of_row in findings for one in of_row or ())


def source_of(path: Path, definition: SchemaDefinition) -> tuple[SourceObject, ObjectStore]:
    store = ObjectStore(None)
    return SourceObject(0, store.peek(None, str(path)), definition), store


def rows_of(path: Path, definition: SchemaDefinition, limits: Limits | None = None) -> Found:
    source, store = source_of(path, definition)
    found = Found([], [], [], [])
    for some in RowsOfFile(source, store, limits or Limits()).found(definition):
        found.lines += some.lines.to_pylist()
        found.findings += some.found.findings.to_pylist()
        found.failing += some.found.failing.tolist()
        found.malformed += some.malformed
    return found


def summary_of(path: Path, definition: SchemaDefinition) -> FileSummary:
    source, store = source_of(path, definition)
    summary = profile_files([source], store=store)[0]
    assert not isinstance(summary, PipelineError)
    return summary


def failed_of(summary: FileSummary, definition: SchemaDefinition) -> Counter[tuple[str, str]]:
    """What the verdict counts as failed of each rule about rows that ran, by its column."""
    plan = plan_checks(definition)
    results = [result for dimension in DIMENSIONS for result in dimension.measure(summary, plan).results]
    return +Counter(
        {
            (result.rule, str(result.column)): result.failed
            for result in results
            if (result.rule in ABOUT_ROWS or is_row_rule(result.check)) and result.status is not Status.NOT_RUN
        }
    )
