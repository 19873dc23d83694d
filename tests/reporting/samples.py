"""Made-up files, verdicts and results for the tests of the store."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import sqlalchemy

from dq.events.object_version import ObjectVersion
from dq.reporting.reporting import MonitoredFile, RunResult
from dq.verdict.verdict import Verdict

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine

NOON = datetime(2026, 1, 4, 12, 30, tzinfo=timezone.utc)
DAY = date(2026, 1, 4)
DEFINITION = {"fields": [{"name": "id", "type": "integer"}]}


def failed_rule(column: str | None = "id", **changes: object) -> dict[str, Any]:
    """An entry of failed_validation_rules."""
    rule: dict[str, Any] = {
        "rule": "required",
        "dimension": "completeness",
        "column": column,
        "severity": "error",
        "failed": 1,
        "checked": 4,
        "rate": 0.25,
        "deduction": 5.0,
        "examples": [{"line": 3, "value": ""}],
    }
    rule.update(changes)
    return rule


def verdict(score: int = 92, **changes: object) -> Verdict:
    """A verdict with one failed rule."""
    parts: dict[str, Any] = {
        "score": score,
        "passed": score >= 80,
        "metrics": {"completeness": {"passed": False, "details": "25 % of rows", "status": "failed", "nulls": 1}},
        "deductions": {"schema": 0, "format": 0, "completeness": 5.0, "bounds": 0, "uniqueness": 3.3333333333333335},
        "failed_validation_message": "25 % of rows have nulls in id",
        "failed_validation_rules": (failed_rule(),),
        "profile_payload": {"version": 1, "statisticalSummary": {"rows": 4}},
    }
    parts.update(changes)
    return Verdict(**parts)


def version(last_modified: datetime | None = NOON, sequencer: str | None = "0A", key: str = "k") -> ObjectVersion:
    """A version of an object."""
    return ObjectVersion("landing", key, last_modified, sequencer)


def result(file: MonitoredFile, **changes: object) -> RunResult:
    """The verdict on a version of a file."""
    parts: dict[str, Any] = {
        "run_date": DAY,
        "run_hour": 12,
        "file_size": 1234,
        "version": version(),
        "verdict": verdict(),
        "now": NOON + timedelta(seconds=2),
    }
    parts.update(changes)
    return RunResult(file=file, **parts)


def add_file(
    engine: Engine,
    agency_slug: str = "tenant-a",
    file_name: str = "trips",
    *,
    definition: object = DEFINITION,
    **values: object,
) -> None:
    """A configured file with a definition, made as the owner's application would: every column filled in."""
    with engine.begin() as connection:
        described = {"name": "trips", "description": "", "created_at": NOON, "updated_at": NOON}
        definition_id = _insert(
            connection,
            "monitoring_file_schema_definition",
            {**described, "definition": sqlalchemy.type_coerce(definition, sqlalchemy.JSON)},
        )
        application = {
            "slug": "",
            "notify": False,
            "retries": 0,
            "tags": "{}",
            "price": 0,
            "public_id": "4a8f3d0e-6c1b-4a55-9d2e-0f7a1b2c3d4e",
            "starts_on": DAY,
            "labels": "{}",
            "grace": "0",
            "opens_at": "00:00",
            "token": "",
            "created": NOON,
        }
        known = {"agency_slug": agency_slug, "file_name": file_name, "schema_definition_id": definition_id, **values}
        _insert(connection, "monitoring_file", {**application, **known})


def _insert(connection: Connection, table: str, values: dict[str, object]) -> object:
    """Insert what of these values the table has columns for; the new row's id."""
    names = connection.execute(
        sqlalchemy.text(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = 'reporting' AND table_name = :name"
        ),
        {"name": table},
    ).scalars()
    rows = sqlalchemy.table(table, *(sqlalchemy.column(name) for name in names), schema="reporting")
    known = {name: value for name, value in values.items() if name in rows.c}
    return connection.execute(rows.insert().values(known).returning(rows.c.id)).scalar_one()


def everything(engine: Engine, *, without: frozenset[str] = frozenset()) -> dict[str, list[dict[str, Any]]]:
    """All rows of all reporting tables, less some columns."""
    found: dict[str, list[dict[str, Any]]] = {}
    with engine.connect() as connection:
        tables = connection.exec_driver_sql(
            "SELECT relname FROM pg_class WHERE relnamespace = 'reporting'::regnamespace AND relkind = 'r'"
        ).scalars()
        for table in sorted(tables):
            rows = connection.exec_driver_sql(f"SELECT * FROM reporting.{table} ORDER BY 1").mappings()
            found[table] = [{name: row[name] for name in row if name not in without} for row in rows]
    return found
