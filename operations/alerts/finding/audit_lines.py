"""The audit: jobs and steps that failed last, and what `reconcile` found last."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import text

from operations.alerts.deciding.alert import Condition
from operations.alerts.deciding.messages import moment, short
from operations.alerts.finding.source import MOST, Asked, Source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection

#: How far back a failure counts that nothing came after.
_DAYS: Final = timedelta(days=7)
#: Started by somebody who reads how they end; and this job itself.
_BY_HAND: Final = (
    *("alerts", "audit", "check_file", "definition", "demo", "inbox", "process_file", "profile_of", "report"),
    *("reprocess", "suggest_definition"),
)
#: What `reconcile` counts and somebody has to do something about.
_DIFFERENCES: Final = ("never_announced", "stale", "gone_without_verdict")
_COUNTED = re.compile(rf"\b(\d+) ({'|'.join(_DIFFERENCES)})\b")

#: The newest line of each job, step and subject that has an end (`postponed` has none: it is tried again). A run's own
#: line is left out where a failed step of the same run says more, a refusal (a wrong argument, a setting) where the
#: job succeeded since. The index audit_of_jobs has no line of an object.
_FAILED: Final = text("""
    WITH lines AS (
        SELECT job, step, subject, status, at, run_id, message,
               row_number() OVER (PARTITION BY job, step, subject ORDER BY at DESC, id) AS back,
               row_number() OVER (PARTITION BY run_id ORDER BY at DESC, id) AS from_end,
               count(*) FILTER (WHERE status IN ('failed', 'refused')) OVER (PARTITION BY run_id) AS failed_of_run,
               max(at) FILTER (WHERE status = 'succeeded') OVER (PARTITION BY job) AS succeeded_at
        FROM pipeline.audit
        WHERE coalesce(inputs ->> 0, '') NOT LIKE 'object %' AND at > :since AND at <= :now
          AND status <> 'postponed' AND job <> ALL (:by_hand)
    )
    SELECT job, step, subject, status, at, run_id FROM lines
    WHERE back = 1 AND status IN ('failed', 'refused') AND job <> 'reconcile'
      AND NOT (from_end = 1 AND failed_of_run > 1)
      AND NOT (status = 'refused' AND coalesce(succeeded_at > at, false))
    ORDER BY job, step, subject LIMIT :most
""")
_RECONCILED: Final = text("""
    SELECT DISTINCT ON (subject) job, 'run' AS step, subject, status, at, run_id, message FROM pipeline.audit
    WHERE coalesce(inputs ->> 0, '') NOT LIKE 'object %' AND at > :since AND at <= :now
      AND status <> 'postponed' AND job = 'reconcile'
    ORDER BY subject, at DESC, id
""")
#: It runs once a week as a rule.
_RECONCILE_DAYS: Final = timedelta(days=15)


def _failed(connection: Connection, asked: Asked) -> Sequence[Condition]:
    given = {"since": asked.now - _DAYS, "now": asked.now, "by_hand": list(_BY_HAND), "most": MOST}
    found = connection.execute(_FAILED, given).all()
    broken = [row for row in _reconciled(connection, asked) if row.status != "succeeded" and not _counts(row)]
    return [_failed_job(row) for row in (*found, *broken)]


def _missed(connection: Connection, asked: Asked) -> Sequence[Condition]:
    return [
        Condition(
            "missed_announcements",
            short(row.subject or "reconcile", 200),
            f"`reconcile` found at {moment(row.at)}: {', '.join(f'{count} {name}' for name, count in counts.items())}."
            " `reconcile --repair` mends it.",
        )
        for row in _reconciled(connection, asked)
        if row.status != "succeeded" and (counts := _counts(row))
    ]


def _reconciled(connection: Connection, asked: Asked) -> Sequence[Any]:
    return connection.execute(_RECONCILED, {"since": asked.now - _RECONCILE_DAYS, "now": asked.now}).all()


def _counts(row: Any) -> dict[str, int]:  # noqa: ANN401 - a row of the query
    """The counts of a line of `reconcile`, and nothing else of its text."""
    found = {name: int(count) for count, name in _COUNTED.findall(row.message or "")}
    return {name.replace("_", " "): found[name] for name in _DIFFERENCES if found.get(name)}


def _failed_job(row: Any) -> Condition:  # noqa: ANN401 - a row of the query
    step, name = row.step, row.job
    about = f" of {short(row.subject)}" if row.subject else ""
    part = "" if step == "run" else f", step {short(step, 40)}"
    how = "was refused and needs somebody's hand" if row.status == "refused" else "failed"
    said = (
        f"{name}{part}{about} {how} at {moment(row.at)}, and has not succeeded since."
        f" The audit says why: run {short(row.run_id, 40)}."
    )
    return Condition("failed_job", f"{name}{'' if step == 'run' else f' {short(step, 40)}'}{about}", said)


JOBS: Final = Source("jobs", ("pipeline.audit",), frozenset({"failed_job"}), _failed, needs_files=False)
DIFFERENCES: Final = Source(
    "reconcile", ("pipeline.audit",), frozenset({"missed_announcements"}), _missed, needs_files=False
)
