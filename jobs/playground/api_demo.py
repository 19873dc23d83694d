"""An application's employees: read, landed, judged, lifted to silver; then one changes and one is new."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rich.table import Table
from sqlalchemy import text

from jobs.console.terminal import cell, stdout
from jobs.playground.sample_api import TOKEN, sample_api

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sqlalchemy.engine import Engine

    from jobs.running.wiring import Program

#: What the shipped source names.
VARIABLES = {"HR_API_TOKEN": TOKEN}
_AGENCY, _FILE = "tenant-a", "employees"
_PEOPLE = 150
_DEFINITION: dict[str, Any] = {
    "format": "jsonl",
    "fields": [
        {"name": "id", "type": "integer", "required": True},
        {"name": "name", "type": "string", "required": True},
        {"name": "email", "type": "string", "pattern": r"[^@\s]+@[^@\s]+"},
        {"name": "salary", "type": "number", "min": 0},
        {"name": "updated_at", "type": "datetime", "required": True},
    ],
}
_CONFIGURE = """
WITH defined AS (
    INSERT INTO reporting.monitoring_file_schema_definition (name, definition)
    VALUES ('employees of an API', CAST(:definition AS jsonb)) RETURNING id
)
INSERT INTO reporting.monitoring_file (agency_slug, file_name, schema_definition_id)
SELECT :agency, :file, id FROM defined
"""
_VERDICTS = """
SELECT r.run_date AS date, r.run_hour AS hour, q.score, q.passed, q.failed_validation_message AS why
FROM reporting.monitoring_file_data_quality q
JOIN reporting.monitoring_file_run r ON r.id = q.monitoring_file_run_id
JOIN reporting.monitoring_file f ON f.id = r.monitoring_file_id
WHERE f.agency_slug = :agency AND f.file_name = :file ORDER BY r.run_date, r.run_hour
"""
_SILVER = """
SELECT i.key, l.state, l.rows_read, l.rows_silver, l.rows_quarantined
FROM pipeline.silver_load l JOIN pipeline.object_inbox i ON i.id = l.object_id ORDER BY l.id
"""
_NEWEST = "SELECT bucket, key FROM pipeline.api_object WHERE state = 'landed' ORDER BY id DESC LIMIT 1"


def play(program: Program, database: Engine, sources: Path) -> int:
    """Play it with a database and a lake that are empty, sources in a folder that is; the exit code."""
    from etl_core.shipped_files import shipped_file
    from jobs.api_ingestion import ingest_api
    from jobs.inspecting import audit

    with database.begin() as connection:
        values = {"definition": json.dumps(_DEFINITION), "agency": _AGENCY, "file": _FILE}
        connection.execute(text(_CONFIGURE), values)
    with sample_api() as api:
        shipped = shipped_file("api_sources/hr.yaml").read_text(encoding="utf-8")
        here = shipped.replace("https://hr.example.com/api/v2", f"{api.url}\nallow_private: true")
        (sources / "hr.yaml").write_text(here, encoding="utf-8")
        api.employees += [_person(number) for number in range(1, _PEOPLE + 1)]
        _say(f"\n{_PEOPLE} employees, in pages by a cursor: ingest_api hr")
        codes = [ingest_api.main(["hr"], program), *_judge_and_lift(program)]
        _show(database, "Verdicts", _VERDICTS)
        asked = len(api.asked)
        api.employees[2] |= {"salary": -1.0, "updated_at": "2026-03-02T08:00:00Z"}
        api.employees.append(_person(_PEOPLE + 1) | {"updated_at": "2026-03-02T08:00:00Z"})
        _say("\nOne changes, one is new; what landed in this hour before stands before them: ingest_api hr")
        codes += [ingest_api.main(["hr"], program), *_judge_and_lift(program)]
        _say(f"{len(api.asked) - asked} requests were made, the first of them {api.asked[asked]}")
        _show(database, "Verdicts", _VERDICTS)
        _show(database, "Rows in silver and quarantine", _SILVER)
    with database.connect() as connection:
        bucket, key = connection.execute(text(_NEWEST)).one()
    _say(f"\nThe path of what landed last: audit --object s3://{bucket}/{key}")
    codes.append(audit.main(["--object", f"s3://{bucket}/{key}"], program))
    return max(codes)


def _judge_and_lift(program: Program) -> Sequence[int]:
    from jobs.lake import to_silver
    from jobs.watch_files import drain_once

    return (drain_once(program), to_silver.main([], program))


def _person(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "name": f"Employee {number}",
        "email": f"employee.{number}@example.org",
        "salary": 3000 + number * 1.25,
        "updated_at": f"2026-03-01T{8 + number // 60:02}:{number % 60:02}:00Z",
    }


def _show(database: Engine, title: str, query: str) -> None:
    with database.connect() as connection:
        found = connection.execute(text(query), {"agency": _AGENCY, "file": _FILE} if ":agency" in query else {})
        table = Table(*found.keys(), header_style="bold", title=title)
        for row in found:
            table.add_row(*(cell("" if value is None else value) for value in row))
    stdout().print(table)


def _say(line: str) -> None:
    stdout().print(cell(line), soft_wrap=True)
