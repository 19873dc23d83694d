"""The whole payload, cut until it is small enough."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import orjson

from dq.verdict.payload.cuts import LADDER, MOST_COLUMNS, Caps, Cutter, narrower
from dq.verdict.payload.distributions import sample_data, value_distributions
from dq.verdict.payload.issues import bounds_anomalies, type_format_issues
from dq.verdict.payload.statistics import completeness_overview, statistical_summary, uniqueness_overview

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dq.checks.check import CheckPlan
    from dq.profiling.summary.summary import FileSummary
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
        if is_small_enough(payload):
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


def is_small_enough(payload: dict[str, Any]) -> bool:
    """Tell whether the payload as JSON has at most `MAX_BYTES`."""
    most = most_bytes(payload)
    return (most is not None and most <= MAX_BYTES) or encoded_size(payload) <= MAX_BYTES


def most_bytes(payload: dict[str, Any]) -> int | None:
    """Give a number `encoded_size` does not exceed, in a fraction of its time; None where there is none.

    The short spelling differs from the long one in a space behind every comma and colon, in at most one character
    of each number (1e16 is 1e+16), together less than twice its own length; and in escapes, which have 6 characters for
    DEL and for 2 or 3 bytes of UTF-8, 12 for 4 bytes: 4 more for each byte behind a character's first one are enough.
    """
    try:
        short = orjson.dumps(payload)
    except TypeError:  # an integer of more than 64 bits
        return None
    escapes = 5 * short.count(b"\x7f") + (0 if short.isascii() else 4 * (len(short) - len(short.decode())))
    return 3 * len(short) + escapes


def encoded_size(payload: dict[str, Any]) -> int:
    """Give the bytes of the payload as JSON; its sections have made null of NaN and the infinities."""
    return len(json.dumps(payload, allow_nan=False))
