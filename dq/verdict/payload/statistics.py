"""Sections of the payload with the figures of every column: statistics, completeness, uniqueness."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dq.verdict.payload.values import finite, json_value, stated_error

if TYPE_CHECKING:
    from dq.checks.check import CheckPlan
    from dq.profiling.summary.summary import ColumnSummary, FileSummary, KeySummary
    from dq.verdict.payload.cuts import Cutter
    from dq.verdict.stored.figures import (
        ColumnFigures,
        CompletenessOverview,
        KeyRepeats,
        StatisticalSummary,
        UniquenessOverview,
    )
    from dq.verdict.stored.numbers import Scalar


def rate(part: int, whole: int) -> float:
    """Give a share as a number; of nothing it is 0."""
    return part / whole if whole else 0.0


def statistical_summary(summary: FileSummary, cutter: Cutter) -> StatisticalSummary:
    """Write the size of the file and the figures of each column."""
    return {
        "rows": summary.rows_read,
        "parsedRows": summary.rows_read - summary.rows_malformed,
        "malformedRows": summary.rows_malformed,
        "columnCount": len(summary.columns),
        "bytes": summary.bytes,
        "reader": summary.reader,
        "columns": [_column(column, cutter) for column in cutter.columns(summary.columns)],
    }


def _column(column: ColumnSummary, cutter: Cutter) -> ColumnFigures:
    """Write one column. Of a sensitive one only counts and lengths remain, for a mean of one row is its value."""
    sensitive = cutter.masking.hides(column.name)
    figures: ColumnFigures = {
        "name": cutter.name(column.name),
        "type": column.type,
        "physicalType": cutter.text(column.physical),
        "declared": column.declared,
        "sensitive": sensitive,
        "count": column.rows - column.nulls,
        "nulls": column.nulls,
        "unparsable": column.unparsable,
        "distinct": column.distinct,
        "distinctError": stated_error(column.distinct_error),
        "min": None if sensitive else json_value(column.minimum, cutter),
        "max": None if sensitive else json_value(column.maximum, cutter),
        "mean": None if sensitive else finite(column.mean),
        "stddev": None if sensitive else finite(column.stddev),
        "minLength": column.min_length,
        "maxLength": column.max_length,
        "quantileError": stated_error(column.quantile_error),
        "p05": _quantile(column, "p05", cutter),
        "p25": _quantile(column, "p25", cutter),
        "p50": _quantile(column, "p50", cutter),
        "p75": _quantile(column, "p75", cutter),
        "p95": _quantile(column, "p95", cutter),
    }
    values = column.rows - column.nulls - column.unparsable
    if 0 < column.with_offset < values:  # they were compared in UTC, which may not be what was meant
        figures["offsets"] = {"with": column.with_offset, "without": values - column.with_offset}
    return figures


def _quantile(column: ColumnSummary, name: str, cutter: Cutter) -> Scalar:
    return None if cutter.masking.hides(column.name) else json_value(column.quantiles.get(name), cutter)


def completeness_overview(summary: FileSummary, plan: CheckPlan, cutter: Cutter) -> CompletenessOverview:
    """Write the nulls of every column and of the whole file."""
    required = {field.name for field in plan.definition.fields if field.required} if plan.definition else set()
    cells = sum(column.rows for column in summary.columns)
    nulls = sum(column.nulls for column in summary.columns)
    return {
        "cells": cells,
        "nulls": nulls,
        "rate": rate(nulls, cells),
        "columns": [
            {
                "name": cutter.name(column.name),
                "required": column.name in required,
                "rows": column.rows,
                "nulls": column.nulls,
                "rate": rate(column.nulls, column.rows),
            }
            for column in cutter.columns(summary.columns)
        ],
    }


def uniqueness_overview(summary: FileSummary, cutter: Cutter) -> UniquenessOverview:
    """Write the exact repeats of declared keys and the distinct values of every column."""
    return {
        "keys": [_key(key, cutter) for key in cutter.columns(summary.keys)],
        "columns": [
            {
                "name": cutter.name(column.name),
                "distinct": column.distinct,
                "distinctError": stated_error(column.distinct_error),
                "distinctRate": min(1.0, rate(column.distinct, column.rows - column.nulls)),
            }
            for column in cutter.columns(summary.columns)
        ],
    }


def _key(key: KeySummary, cutter: Cutter) -> KeyRepeats:
    return {
        "columns": [cutter.name(name) for name in key.columns],
        "missing": key.missing,
        "rows": key.full,
        "repeated": key.repeated,
        "rate": rate(key.repeated, key.full),
        "exact": not key.missing,
        "examples": cutter.examples(key.examples, key.repeated, hide=cutter.masking.hides(*key.columns)),
    }
