"""Summaries and definitions for the tests of the verdict."""

from __future__ import annotations

from typing import Any

from dq.checks.plan import plan_checks
from dq.definitions import load_definition
from dq.profiling.summary.summary import ColumnSummary, FileSummary
from dq.verdict.judge import judge
from dq.verdict.verdict import Verdict


def column(name: str, rows: int = 100, nulls: int = 0, **figures: Any) -> ColumnSummary:  # noqa: ANN401
    return ColumnSummary(
        **{
            "name": name,
            "type": "string",
            "physical": "text",
            "declared": True,
            "rows": rows,
            "nulls": nulls,
            **figures,
        }
    )


def summary(*columns: ColumnSummary, malformed: int = 0, **figures: Any) -> FileSummary:  # noqa: ANN401
    rows = columns[0].rows if columns else 0
    return FileSummary(
        **{"bytes": 1000, "rows_read": rows + malformed, "rows_malformed": malformed, "columns": columns, **figures}
    )


def verdict_of(figures: FileSummary, definition: dict[str, Any] | None) -> Verdict:
    return judge(figures, plan_checks(load_definition(definition) if definition else None))
