"""Metrics and deductions of a verdict."""

from __future__ import annotations

from typing import Annotated, Literal

from typing_extensions import NotRequired, TypedDict

from dq.verdict.stored.numbers import Amount, Count, Share


class Metric(TypedDict):
    """One metric of a verdict."""

    passed: Annotated[
        bool,
        "The metric passed, or the definition asks nothing of it; false also where it could not be measured.",
    ]
    details: Annotated[str, "One sentence for people."]
    status: Annotated[
        Literal["passed", "failed", "not_run"],
        "`failed`, `passed`, or `not_run` where nothing could be looked at.",
    ]
    failed: Annotated[Count, "Things that failed: fields, rows or cells, as the metric counts them."]
    checked: Annotated[Count, "Things that were checked."]
    rate: Annotated[Share, "The share of the weight that proportional scoring takes."]
    deduction: Annotated[Amount, "Points taken from 100."]
    rules: Annotated[Count, "Rules of this metric."]
    rulesFailed: Annotated[Count, "Rules that failed, warnings aside."]
    rulesNotRun: Annotated[Count, "Rules that could not be looked at."]
    warnings: Annotated[Count, "Rules of severity warning that failed."]
    rowsWithNulls: NotRequired[Annotated[Count, "Of completeness: rows with a null in any required field."]]


class Metrics(TypedDict):
    """All metrics, by their names."""

    schemaValidation: Metric
    formatParsing: Metric
    completeness: Metric
    boundsRange: Metric
    uniqueness: Metric


class Deductions(TypedDict):
    """What each dimension costs."""

    schema: Annotated[Amount, "Points taken from 100."]
    format: Annotated[Amount, "Points taken from 100."]
    completeness: Annotated[Amount, "Points taken from 100."]
    bounds: Annotated[Amount, "Points taken from 100."]
    uniqueness: Annotated[Amount, "Points taken from 100."]
