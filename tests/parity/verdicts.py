"""All that a verdict says, without what may depend on how the file was cut or read.

That is: estimates, the rows of the sample, the examples of repeated keys (they are found within a part only), and
for CSV through Spark's readers, which count no lines, line numbers and the text of malformed rows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dq.checks.plan import plan_checks
from dq.verdict.judge import judge
from tests.reference.naive import RUN

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dq.profiling.summary.summary import FileSummary
    from dq.schema.definition import SchemaDefinition
    from dq.verdict.verdict import Verdict

_ESTIMATES = {
    "distinct": "distinctError",
    "distinctRate": "distinctError",
    **dict.fromkeys(("p05", "p25", "p50", "p75", "p95"), "quantileError"),
}
_ROUNDED = ("mean", "stddev")


@dataclass(frozen=True)
class Checked:
    """A file on disk, its definition, and what the engine found in it."""

    path: Path
    definition: SchemaDefinition | None
    summary: FileSummary

    @property
    def verdict(self) -> Verdict:
        return judge(self.summary, replace(plan_checks(self.definition), run_start=RUN))


def said(checked: Checked, *, lines: bool) -> dict[str, Any]:
    """Give everything a verdict says, by the columns it is stored in; without `lines` it points to none."""
    verdict = checked.verdict
    payload = verdict.profile_payload
    assert not isinstance(payload, str)
    return {
        "metrics": {name: _metric(metric, lines=lines) for name, metric in verdict.metrics.items()},
        "message": _message(verdict.failed_validation_message, lines=lines),
        "rules": [_rule(rule, lines=lines) for rule in verdict.failed_validation_rules],
        "payload": _payload(payload, lines=lines),
    }


def _metric(metric: Mapping[str, Any], *, lines: bool) -> dict[str, Any]:
    return {
        **metric,
        "details": metric["details"] if lines else re.sub(r", the first at line [\d,]+", "", metric["details"]),
    }


def _message(message: str | None, *, lines: bool) -> str | None:
    """Drop where the first offence is, and of malformed and repeated rows what it is."""
    if message is None:
        return None
    if lines:
        return re.sub(r"(?m)^(uniqueness.*?); (first at line|for example).*$", r"\1", message)
    kept = []
    for line in message.split("\n"):
        without = re.sub(r"; (first at line [\d,]+|for example)(?=[: ]|$):? ?", "; ", line)
        apart = line.startswith(("formatParsing", "uniqueness"))
        kept.append(without.partition("; ")[0] if apart else without.removesuffix("; "))
    return "\n".join(kept)


def _rule(rule: Mapping[str, Any], *, lines: bool) -> dict[str, Any]:
    if rule["dimension"] == "uniqueness":
        return {**rule, "examples": None, "note": None}  # a note stands where there is no example
    return {**rule, "examples": _examples(rule["examples"], lines=lines, texts=rule["dimension"] != "format")}


def _examples(examples: Sequence[Mapping[str, Any]], *, lines: bool, texts: bool = True) -> list[Any]:
    if lines:
        return list(examples)
    return [example["value"] if texts else None for example in examples]


def _payload(payload: Mapping[str, Any], *, lines: bool) -> dict[str, Any]:
    issues, statistics = payload["typeFormatIssues"], payload["statisticalSummary"]
    malformed = issues["malformedRows"]
    return {
        "version": payload["version"],
        "statisticalSummary": {
            **{name: value for name, value in statistics.items() if name not in {"columns", "reader"}},
            "columns": [_statistics(column) for column in statistics["columns"]],
        },
        "completenessOverview": payload["completenessOverview"],
        "typeFormatIssues": {
            **issues,
            "malformedRows": {**malformed, "examples": _examples(malformed["examples"], lines=lines, texts=False)},
            "columns": [_with_examples(column, lines=lines) for column in issues["columns"]],
        },
        "uniquenessOverview": {
            "keys": [{**key, "examples": None} for key in payload["uniquenessOverview"]["keys"]],
            "columns": [_statistics(column) for column in payload["uniquenessOverview"]["columns"]],
        },
        "valueDistributions": [
            column
            for column in payload["valueDistributions"]["columns"]
            if column["kind"] == "masked" or not column["error"]
        ],
        "boundsAnomalies": [_anomalies(column, lines=lines) for column in payload["boundsAnomalies"]["columns"]],
        "sampleData": (payload["sampleData"]["columns"], len(payload["sampleData"]["rows"])),
        "truncated": payload["truncated"],
    }


def _statistics(column: Mapping[str, Any]) -> dict[str, Any]:
    """Drop what is estimated; sums of floating point numbers depend on their order."""
    kept = {name: value for name, value in column.items() if not column.get(_ESTIMATES.get(name, ""), 0)}
    return {
        name: pytest.approx(value, rel=1e-9) if name in _ROUNDED and value else value for name, value in kept.items()
    }


def _with_examples(found: Mapping[str, Any], *, lines: bool) -> dict[str, Any]:
    return {**found, "examples": _examples(found["examples"], lines=lines)}


def _anomalies(column: Mapping[str, Any], *, lines: bool) -> dict[str, Any]:
    others = column["other"]
    return {
        **column,
        "below": _with_examples(column["below"], lines=lines),
        "above": _with_examples(column["above"], lines=lines),
        "other": {
            **others,
            "rules": {name: _with_examples(rule, lines=lines) for name, rule in others["rules"].items()},
        },
    }


def differences(one: Any, other: Any, place: str = "") -> list[str]:  # noqa: ANN401 - any JSON value
    """Name the places where two verdicts say different things."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return [line for name in one for line in differences(one[name], other[name], f"{place}/{name}")]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [
            line for at, pair in enumerate(zip(one, other, strict=True)) for line in differences(*pair, f"{place}/{at}")
        ]
    return [] if one == other else [f"{place}: {one!r} != {other!r}"]
