"""What a stored verdict says of a file: columns with types, figures, and what was asked of it.

Nothing here is a value of a cell but the bounds and quantiles of columns of numbers that are not sensitive.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from operations.lineage.events.run_event import Assertion, ColumnMetrics, Field

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_NUMBERS: Final = frozenset({"integer", "number", "decimal", "float"})
_QUANTILES: Final = (("p05", "0.05"), ("p25", "0.25"), ("p50", "0.5"), ("p75", "0.75"), ("p95", "0.95"))
#: OpenLineage's word for what stops a file, and for what does not.
_SEVERITY: Final = {"warning": "warn", "error": "error", "critical": "error"}


@dataclass(frozen=True, slots=True)
class VerdictFacts:
    """What is known of a file that was judged.

    Attributes:
        agency: whose file.
        file: which one.
        fields: its columns, None without a profile.
        rows: that were read.
        size: in bytes.
        columns: their figures, None without a profile.
        assertions: the score, the dimensions, and each rule that failed.
    """

    agency: str
    file: str
    fields: tuple[Field, ...] | None
    rows: int | None
    size: int | None
    columns: tuple[ColumnMetrics, ...] | None
    assertions: tuple[Assertion, ...]


@dataclass(frozen=True, slots=True)
class KeptVerdict:
    """A verdict as it is stored; `rules` and `profile` are None where the database does not keep them."""

    agency: str
    file: str
    score: float
    passed: bool
    metrics: Mapping[str, Any]
    rules: Sequence[Mapping[str, Any]] | None
    profile: Mapping[str, Any] | None
    size: int | None


def verdict_facts(kept: KeptVerdict) -> VerdictFacts:
    """Take out of a stored verdict what lineage tells."""
    summary: Mapping[str, Any] = (kept.profile or {}).get("statisticalSummary") or {}
    columns: Sequence[Mapping[str, Any]] | None = summary.get("columns")
    return VerdictFacts(
        agency=kept.agency,
        file=kept.file,
        fields=None if columns is None else tuple(Field(one["name"], one["type"]) for one in columns),
        rows=summary.get("rows"),
        size=summary.get("bytes") if summary.get("bytes") is not None else kept.size,
        columns=None if columns is None else tuple(map(_metrics, columns)),
        assertions=(_score(kept), *_dimensions(kept.metrics), *_failed(kept.rules or ())),
    )


def _metrics(column: Mapping[str, Any]) -> ColumnMetrics:
    figures = ColumnMetrics(column["name"], column.get("count"), column.get("nulls"), column.get("distinct"))
    if column.get("sensitive", True) or column.get("type") not in _NUMBERS:
        return figures
    quantiles = ((share, _number(column.get(name))) for name, share in _QUANTILES)
    return ColumnMetrics(
        figures.name,
        figures.count,
        figures.nulls,
        figures.distinct,
        _number(column.get("min")),
        _number(column.get("max")),
        tuple((share, value) for share, value in quantiles if value is not None),
    )


def _number(value: object) -> float | None:
    """A JSON number; decimals that one would round are texts, and are left out."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return value if is_number else None  # type: ignore[return-value]  # looked at above


def _score(kept: KeptVerdict) -> Assertion:
    return Assertion("score", kept.passed, severity="error", actual=f"{kept.score:g}", description="of 100")


def _dimensions(metrics: Mapping[str, Any]) -> Iterable[Assertion]:
    """The dimensions that could be looked at: rules of each, and how many of them failed, warnings aside."""
    for name, metric in sorted(metrics.items()):
        if metric.get("status") in {"passed", "failed"}:
            failed, rules = metric.get("rulesFailed", 0), metric.get("rules", 0)
            yield Assertion(name, metric["passed"], None, "error", "0", str(failed), f"{failed} of {rules} rules")


def _failed(rules: Iterable[Mapping[str, Any]]) -> Iterable[Assertion]:
    for rule in rules:
        yield Assertion(
            str(rule["rule"]),
            holds=False,
            column=rule.get("column"),
            severity=_SEVERITY.get(str(rule.get("severity")), "error"),
            expected="0",
            actual=str(rule["failed"]),
            description=f"{rule['failed']} of {rule['checked']}, {rule['dimension']}, {rule.get('severity')}",
        )
