"""An agency's documents on this machine: copied, run again, a conflict, and the verdict on its employment history."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from rich.table import Table
from sqlalchemy import text

from jobs.console.terminal import cell, stdout

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from sqlalchemy.engine import Engine

    from jobs.playground.local_services import LocalServices
    from jobs.running.wiring import Program

#: Where the application keeps its attachments.
SOURCE = "demo-application"
_AGENCY, _SLUG = 10, "tenant-a"
_ATTACHMENTS, _EMPLOYEES, _SEED = 20, 60, 7
_CATEGORIES = ("cv", "licence", "photo")
_DEFINITION = """{
 "fields": [
  {"name": "employee_id", "type": "integer", "required": true},
  {"name": "badge_no", "required": true},
  {"name": "start_date", "type": "date", "required": true},
  {"name": "end_date", "type": "date"},
  {"name": "status", "enum": ["active", "left"]}
 ]
}"""
_CONFIGURE = """
WITH defined AS (
    INSERT INTO reporting.monitoring_file_schema_definition (name, definition)
    VALUES ('employment history', CAST(:definition AS jsonb)) RETURNING id
)
INSERT INTO reporting.monitoring_file (agency_slug, file_name, schema_definition_id)
SELECT :slug, 'employment-history', id FROM defined
"""
_VERDICT = """
SELECT f.file_name AS file, r.run_date, r.run_hour, q.score, q.passed, q.failed_validation_message AS why
FROM reporting.monitoring_file_data_quality q
JOIN reporting.monitoring_file_run r ON r.id = q.monitoring_file_run_id
JOIN reporting.monitoring_file f ON f.id = r.monitoring_file_id
"""
_LEDGER = """
SELECT attachment_id, source, status, size, reason FROM pipeline.document_copy
WHERE status <> 'copied' OR attachment_id IN ('1', '2') ORDER BY CAST(attachment_id AS bigint)
"""


def play(program: Program, services: LocalServices) -> int:
    """Play in a database that is empty; the exit code. Two of the runs are meant to say that a file is not there."""
    from jobs.agencies.get_s3_files import main
    from jobs.running.database import make_all_tables, open_database
    from jobs.watch_files import drain_once

    with open_database(program.settings, ledger=False) as database:
        make_all_tables(database)
        _fill(database, services.s3)
        arguments = ["--source-bucket", SOURCE, "--destination-bucket", services.bucket, "--agency-id", str(_AGENCY)]

        def run(title: str, *more: str) -> int:
            stdout().print(cell(f"\n{title}: get_s3_files {' '.join((*arguments, *more))}"))
            return main([*arguments, *more], program)

        codes = [run("What would be done", "--dry-run"), run("The first run; one attachment is nowhere")]
        codes.append(run("Again, which copies nothing"))
        _write_over(services)
        codes.append(run("Somebody wrote over a copy, which is a conflict", "--only", "attachments"))
        mended = run("It is to be replaced", "--only", "attachments", "--overwrite")
        _show(database, "pipeline.document_copy", _LEDGER)
        stdout().print(cell("\nThe bucket announced the employment history, and it has its verdict:"))
        judged = drain_once(program)
        _show(database, "Verdicts", _VERDICT)
    return 0 if [*codes, mended, judged] == [1] * 5 + [0] else 1


def _fill(database: Engine, s3: S3Client) -> None:
    """Have an application with an agency, its attachments and its employment history, some rows of it with faults."""
    from etl_core.shipped_files import shipped_file

    chance = random.Random(_SEED)  # noqa: S311 - the same each time
    s3.create_bucket(Bucket=SOURCE)
    attachments = [
        {
            "id": number,
            "agency": _AGENCY,
            "key": f"uploads/{number:04}.pdf",
            "name": f"{chance.choice(_CATEGORIES)} {number}.pdf",
            "person": chance.randint(1, _EMPLOYEES),
        }
        for number in range(1, _ATTACHMENTS + 1)
    ]
    for one in attachments[:-1]:
        s3.put_object(Bucket=SOURCE, Key=str(one["key"]), Body=chance.randbytes(10_000), ContentType="application/pdf")
    employees = [
        {
            "agency": _AGENCY,
            "id": number,
            "badge": None if number % 20 == 0 else f"{number:04}",
            "start": f"20{chance.randint(10, 25)}-{chance.randint(1, 12):02}-01",
            "status": "retired?" if number % 30 == 0 else "active",
        }
        for number in range(1, _EMPLOYEES + 1)
    ]
    with database.begin() as connection:
        connection.exec_driver_sql(shipped_file("sql/agencies/tables.sql").read_text(encoding="utf-8"))
        connection.execute(text(f"INSERT INTO documents.agency VALUES ({_AGENCY}, '{_SLUG}')"))  # noqa: S608 - of this demo
        connection.execute(
            text(
                "INSERT INTO documents.attachment (id, agency_id, source_key, file_name, person_id)"
                " VALUES (:id, :agency, :key, :name, :person)"
            ),
            attachments,
        )
        connection.execute(
            text(
                "INSERT INTO documents.employment_history (agency_id, employee_id, badge_no, start_date, status)"
                " VALUES (:agency, :id, :badge, CAST(:start AS date), :status)"
            ),
            employees,
        )
        connection.execute(text(_CONFIGURE), {"slug": _SLUG, "definition": _DEFINITION})


def _write_over(services: LocalServices) -> None:
    prefix = f"agency/{_SLUG}/attachments/1/"
    (found,) = services.s3.list_objects_v2(Bucket=services.bucket, Prefix=prefix)["Contents"]
    services.s3.put_object(Bucket=services.bucket, Key=found["Key"], Body=b"somebody else's")


def _show(database: Engine, title: str, query: str) -> None:
    with database.connect() as connection:
        found = connection.execute(text(query))
        table = Table(*found.keys(), header_style="bold", title=title)
        for row in found:
            table.add_row(*(cell("" if value is None else value) for value in row))
    stdout().print(table)
