"""The whole payload, cut until it is small enough."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from dq.verdict.payload.cuts import LADDER, MOST_COLUMNS, Caps, Cutter, narrower
from dq.verdict.payload.distributions import sample_data, value_distributions
from dq.verdict.payload.issues import bounds_anomalies, type_format_issues
from dq.verdict.payload.statistics import completeness_overview, statistical_summary, uniqueness_overview

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dq.checks.plan import CheckPlan
    from dq.profiling.summary import FileSummary
    from dq.verdict.masking import Masking

#: Raised whenever a key changes its meaning.
VERSION: Final = 1
#: Bytes of the payload as plain JSON with ASCII escapes and spaces, the longest of its usual spellings.
MAX_BYTES: Final = 256 * 1024


def profile_payload(summary: FileSummary, plan: CheckPlan, masking: Masking) -> dict[str, Any]:
    """Write everything known about the file, at most `MAX_BYTES` long.

    What does not fit is cut in a fixed order: sample rows, examples, long values, top values, distributions, and
    only then columns, the last ones first. `truncated` names what was left out. The same summary and plan give the
    same payload, key by key.
    """
    payload: dict[str, Any] = {}
    for caps in _caps(len(summary.columns) + len(summary.missing_columns)):
        payload = _payload(summary, plan, Cutter(caps, masking))
        if encoded_size(payload) <= MAX_BYTES:
            break
    return payload


def _caps(columns: int) -> Iterator[Caps]:
    """Give the ladder of caps, then ever fewer columns, down to none."""
    yield from LADDER
    fewer = min(columns, MOST_COLUMNS)
    while fewer:
        fewer = fewer * 3 // 4
        yield narrower(fewer)


def _payload(summary: FileSummary, plan: CheckPlan, cutter: Cutter) -> dict[str, Any]:
    payload = {
        "version": VERSION,
        "statisticalSummary": statistical_summary(summary, cutter),
        "completenessOverview": completeness_overview(summary, plan, cutter),
        "typeFormatIssues": type_format_issues(summary, plan, cutter),
        "uniquenessOverview": uniqueness_overview(summary, cutter),
        "valueDistributions": value_distributions(summary, cutter),
        "boundsAnomalies": bounds_anomalies(summary, plan, cutter),
        "sampleData": sample_data(summary, cutter),
    }
    return {**payload, "truncated": list(cutter.left_out.values())}


def encoded_size(payload: dict[str, Any]) -> int:
    """Give the bytes of the payload as JSON; NaN and the infinities are an error here, not in the database."""
    return len(json.dumps(payload, allow_nan=False))
