"""Verdicts: files whose newest run failed, broke a critical rule, or lost many points."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import text

from etl_core.postgres.rights import has_table
from operations.alerts.deciding.messages import short
from operations.alerts.finding.source import MOST, Asked, Source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection

    from operations.alerts.deciding.alert import Condition

#: Rules that a text names, and characters of a name in it.
_MOST_RULES: Final = 3
_LONGEST_NAME: Final = 60
#: A run whose window lies further ahead has a date that somebody mistyped: it hides none that came.
_AHEAD: Final = timedelta(days=1)
#: The rule of columns that nobody declared: what they are called is text of the file.
_OF_THE_FILE: Final = frozenset({"extra", "schema.extra"})

_RULES_OF_TABLE: Final = """
    SELECT v.rule_id AS rule, v.column_name AS column_name, CAST(v.severity AS text) AS severity,
           v.failed_count AS failed, v.checked_count AS checked, v.id AS place
    FROM reporting.monitoring_file_failed_validation v WHERE v.monitoring_file_run_id = newest.run_id
"""
#: Where no table has them the verdict may; neither has the values that failed in these places.
_RULES_OF_VERDICT: Final = """
    SELECT e.one ->> 'rule' AS rule, e.one ->> 'column' AS column_name, e.one ->> 'severity' AS severity,
           CAST(e.one ->> 'failed' AS bigint) AS failed, CAST(e.one ->> 'checked' AS bigint) AS checked, e.place
    FROM reporting.monitoring_file_data_quality v
    CROSS JOIN LATERAL jsonb_array_elements(
        CASE WHEN jsonb_typeof(to_jsonb(v) -> 'failed_validation_rules') = 'array'
             THEN to_jsonb(v) -> 'failed_validation_rules' ELSE '[]' END
    ) WITH ORDINALITY AS e(one, place)
    WHERE v.monitoring_file_run_id = newest.run_id
"""
#: The newest judged run of each file that is not ahead, the median of the seven before it, and what failed, the
#: critical first.
_NEWEST: Final = """
    WITH newest AS (
        SELECT f.id AS file_id, n.*
        FROM reporting.monitoring_file f
        CROSS JOIN LATERAL (
            SELECT r.id AS run_id, r.run_date, r.run_hour, q.score, q.passed
            FROM reporting.monitoring_file_run r
            JOIN reporting.monitoring_file_data_quality q ON q.monitoring_file_run_id = r.id
            WHERE r.monitoring_file_id = f.id AND r.run_date <= :ahead
            ORDER BY r.run_date DESC, r.run_hour DESC, r.id DESC LIMIT 1
        ) n
    )
    SELECT CAST(newest.file_id AS text) AS file_id, newest.run_date, newest.run_hour, newest.score, newest.passed,
           b.usual, b.runs, x.rules, x.count AS rule_count, coalesce(x.is_critical, false) AS is_critical
    FROM newest
    LEFT JOIN LATERAL (
        SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY p.score) AS usual, count(*) AS runs
        FROM (
            SELECT q.score
            FROM reporting.monitoring_file_run r
            JOIN reporting.monitoring_file_data_quality q ON q.monitoring_file_run_id = r.id
            WHERE r.monitoring_file_id = newest.file_id
              AND (r.run_date, r.run_hour) < (newest.run_date, newest.run_hour)
            ORDER BY r.run_date DESC, r.run_hour DESC LIMIT 7
        ) p
    ) b ON true
    LEFT JOIN LATERAL (
        SELECT jsonb_agg(jsonb_build_array(v.rule, v.column_name, v.failed, v.checked)
                         ORDER BY v.severity = 'critical' DESC, v.severity = 'error' DESC, v.place) AS rules,
               count(*) AS count, bool_or(v.severity = 'critical') AS is_critical
        FROM ({rules}) v
    ) x ON NOT newest.passed
    WHERE NOT newest.passed OR (b.runs >= 3 AND newest.score <= b.usual - :drop)
    ORDER BY newest.file_id LIMIT :most
"""


def _read(connection: Connection, asked: Asked) -> Sequence[Condition]:
    has_rules = has_table(connection, "reporting.monitoring_file_failed_validation")
    rules = _RULES_OF_TABLE if has_rules else _RULES_OF_VERDICT
    given = {"drop": asked.score_drop, "most": MOST, "ahead": (asked.now + _AHEAD).date()}
    rows = connection.execute(text(_NEWEST.format(rules=rules)), given)
    return [_condition(row, asked) for row in rows if row.file_id in asked.files]


def _condition(row: Any, asked: Asked) -> Condition:  # noqa: ANN401 - a row of the query
    file = asked.files[row.file_id]
    usual = f", usually {row.usual:.0f}" if row.runs and row.usual is not None else ""
    run = f"The run of {row.run_date} {row.run_hour:02d}h has {row.score:.0f} of 100 points{usual}"
    if row.passed:
        return file.condition("score_drop", f"{run}; it passed its checks.")
    names = _named(row.rules or [], row.rule_count or 0)
    if row.is_critical:
        return file.condition("critical_rule", f"{run}, and breaks a critical rule{names}.")
    return file.condition("failed_verdict", f"{run}, and failed its checks{names}.")


def _of(column: str | None) -> str:
    return f" of {short(str(column), _LONGEST_NAME)}" if column else ""


def _named(rules: Sequence[Sequence[Any]], count: int) -> str:
    """Rules with their columns and counts; no value."""
    if not rules:
        return ""
    said = [
        f"{short(str(rule), _LONGEST_NAME)}{_of(column) if rule not in _OF_THE_FILE else ''}"
        f" ({failed or 0:,} of {checked or 0:,})"
        for rule, column, failed, checked in rules[:_MOST_RULES]
    ]
    more = f", and {count - len(said)} more" if count > len(said) else ""
    return f": {', '.join(said)}{more}"


VERDICTS: Final = Source(
    "verdicts",
    (
        "reporting.monitoring_file",
        "reporting.monitoring_file_run",
        "reporting.monitoring_file_data_quality",
    ),
    frozenset({"failed_verdict", "critical_rule", "score_drop"}),
    _read,
)
