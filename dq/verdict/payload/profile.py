"""The whole payload, cut until it is small enough."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dq.verdict.json_size import fits
from dq.verdict.payload.cuts import LADDER, MOST_COLUMNS, Cutter, narrower
from dq.verdict.payload.distributions import sample_data, value_distributions
from dq.verdict.payload.issues import bounds_anomalies, type_format_issues
from dq.verdict.payload.statistics import completeness_overview, statistical_summary, uniqueness_overview

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dq.checks.check import CheckPlan
    from dq.profiling.summary.summary import FileSummary
    from dq.verdict.masking import Masking
    from dq.verdict.payload.cuts import Cut

#: The number of columns that fit is found up to one part in so many.
_CLOSE_ENOUGH: Final = 32
#: Raised whenever a key changes its meaning.
VERSION: Final = 2


def profile_payload(summary: FileSummary, plan: CheckPlan, masking: Masking, cut: Sequence[Cut] = ()) -> dict[str, Any]:
    """Write everything known about the file, at most 256 KiB long.

    What does not fit is cut in a fixed order: sample rows, examples, long values, top values, columns of the sample,
    distributions, and only then columns, the last ones first. `truncated` names what was left out, here and (`cut`) of
    what stands beside it. The same summary and plan give the same payload, key by key.
    """
    payload: dict[str, Any] = {}
    for caps in LADDER:
        payload = _payload(summary, plan, Cutter(caps, masking), cut)
        if fits(payload):
            return payload
    fitting, too_many = 0, min(len(summary.columns) + len(summary.missing_columns), MOST_COLUMNS)
    payload = _payload(summary, plan, Cutter(narrower(0), masking), cut)
    while too_many - fitting > max(too_many // _CLOSE_ENOUGH, 1):
        columns = (fitting + too_many) // 2
        narrow = _payload(summary, plan, Cutter(narrower(columns), masking), cut)
        if fits(narrow):
            fitting, payload = columns, narrow
        else:
            too_many = columns
    return payload


def _payload(summary: FileSummary, plan: CheckPlan, cutter: Cutter, cut: Sequence[Cut]) -> dict[str, Any]:
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
    return {**payload, "truncated": [one.written() for one in (*cut, *cutter.left_out.values())]}
