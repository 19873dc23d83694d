"""What a person reads of a day's rows: the verdict, what the gate made of it, and where the rejected rows are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

from pipelines.etl.shaping.gate import Counted

if TYPE_CHECKING:
    from dq import Verdict


def report_document(
    flow: str,
    day: date,
    as_of: datetime | None,
    verdict: Verdict,
    counted: Counted,
    reasons: Sequence[str],
    rejected: str | None,
) -> bytes:
    """Write the report as JSON; values of sensitive fields are in it as little as in a verdict."""
    written = {
        "flow": flow,
        "date": day.isoformat(),
        "as_of": None if as_of is None else as_of.isoformat(),
        "rows": counted.rows,
        "rejected": counted.rejected,
        "rejected_rows": rejected,
        "stopped": bool(reasons),
        "reasons": list(reasons),
        "score": verdict.score,
        "passed": verdict.passed,
        "message": verdict.failed_validation_message,
        "rules": [dict(rule) for rule in verdict.failed_validation_rules],
        "metrics": dict(verdict.metrics),
        "deductions": dict(verdict.deductions),
    }
    return json.dumps(written, ensure_ascii=False, indent=1, default=str).encode()
