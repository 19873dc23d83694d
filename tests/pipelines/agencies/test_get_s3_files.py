"""The job as users start it: three ways that do the same, all agencies, what is refused, what is told."""

from __future__ import annotations

import csv
import json
import sys
from typing import TYPE_CHECKING

import pytest
import yaml
from sqlalchemy import text

from jobs.agencies.get_s3_files import console
from tests.end_to_end.command_line import CommandLine, bare_command_line, environment
from tests.pipelines.agencies.documents_world import DocumentsWorld

if TYPE_CHECKING:
    from pathlib import Path

    from tests.local_s3 import S3Server

__all__ = ["bare_command_line"]


@pytest.fixture
def command(bare_command_line: CommandLine, world: DocumentsWorld, s3_server: S3Server) -> CommandLine:
    """Pointed at the world, whose application's tables are in the ledger's database."""
    bare_command_line.set(**environment(world.database, s3_server))
    return bare_command_line


def _arguments(world: DocumentsWorld) -> list[str]:
    buckets = ["--source-bucket", world.source, "--destination-bucket", world.destination]
    return ["--agency-id", str(world.agency.id), *buckets, "--run-at", "2026-01-04T12:30:00Z"]


def test_three_ways_to_start_it_do_the_same(
    command: CommandLine, world: DocumentsWorld, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a job, by the arguments alone as images pass them, and as a program of its own."""
    world.attach_many(3)
    world.attach("gone.pdf")
    world.employ({"employee_id": 1, "first_name": "Ada"})
    arguments = _arguments(world)
    seen = []
    for way in (["run", "get_s3_files", "--", *arguments, "--json"], [*arguments, "--json"]):
        ran = command.run(*way)
        assert ran.code == 1, ran.err
        seen.append(json.loads(ran.out))
        there, noted = world.there(), world.noted()
        world.s3.delete_objects(Bucket=world.destination, Delete={"Objects": [{"Key": key} for key in world.there()]})
        seen.append([there, noted])
    monkeypatch.setattr(sys, "argv", ["pipeline-processing-get-s3-files", *arguments, "--json"])
    capsys.readouterr()
    assert console() == 1
    seen += [json.loads(capsys.readouterr().out), [world.there(), world.noted()]]
    assert seen[0] == seen[2] == seen[4]
    assert seen[1] == seen[3] == seen[5]
    assert seen[0]["statuses"] == {"copied": 3, "missing_source": 1}
    assert sum(seen[0]["statuses"].values()) == seen[0]["attachments"] == 4
    assert seen[0]["agencies"][0]["employment_history"]["status"] == "written"


def test_the_report_has_what_s3_batch_operations_reports_and_its_sums_are_the_input(
    command: CommandLine, world: DocumentsWorld
) -> None:
    world.attach_many(2)
    world.put("=cmd.pdf")
    world.attach("=cmd.pdf")
    world.attach("gone.pdf")
    ran = command.run(*_arguments(world), "--report", "report.csv", "--only", "attachments")
    assert (ran.code, "missing_source" in ran.out) == (1, True)
    with (command.folder / "report.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["status"] for row in rows] == ["copied", "copied", "copied", "missing_source"]
    assert rows[2]["key"] == "'=cmd.pdf"
    gone = rows[3]
    assert (gone["bucket"], gone["key"], gone["error_code"], gone["http_status"]) == (
        *(world.source, "gone.pdf"),
        *("404", "404"),
    )
    assert "there is no such object" in gone["message"]
    ran = command.run(*_arguments(world), "--report", "report.jsonl")
    lines = [json.loads(line) for line in (command.folder / "report.jsonl").read_text().splitlines()]
    assert [line["status"] for line in lines] == ["unchanged"] * 3 + ["missing_source"]
    assert command.run(*_arguments(world), "--report", "report.txt").code == 2


def test_a_run_leaves_lines_of_the_audit_and_figures(command: CommandLine, world: DocumentsWorld) -> None:
    world.attach_many(2)
    world.employ({"employee_id": 1})
    command.set(METRICS_FILE=str(command.folder / "documents.prom"))
    assert command.run(*_arguments(world)).code == 0
    query = (
        "SELECT step, status, rows_in, rows_out, message FROM pipeline.audit WHERE subject LIKE :subject ORDER BY at"
    )
    with world.database.connect() as connection:
        lines = connection.execute(text(query), {"subject": f"agency {world.agency.id}%"}).all()
    assert [tuple(line)[:4] for line in lines] == [
        ("attachments", "succeeded", 2, 2),
        ("employment", "succeeded", 1, 1),
        ("run", "succeeded", 2, None),
    ]
    assert lines[2].message == "2 copied; employment history written: 1"
    figures = (command.folder / "documents.prom").read_text()
    assert 'pipeline_documents_total{status="copied"} 2.0' in figures
    assert f'pipeline_employment_rows{{agency="{world.agency.slug}"}} 1.0' in figures


def test_all_agencies_run_in_one_process_and_what_goes_wrong_with_one_stops_no_other(
    command: CommandLine, world: DocumentsWorld
) -> None:
    """The module's other agencies are there, too; one has a slug that cannot stand in a key."""
    world.attach_many(2)
    world.insert("documents.agency", {"id": 9_000_001, "slug": "no/slug"})
    arguments = _arguments(world)[2:]
    try:
        ran = command.run("get-s3-files", "--all-agencies", "--parallel", "3", "--json", *arguments)
        assert ran.code == 1
        found = json.loads(ran.out)
        mine = next(one for one in found["agencies"] if one["agency_id"] == str(world.agency.id))
        assert mine["statuses"] == {"copied": 2}
        assert [one["agency_id"] for one in found["errors"]] == ["9000001"]
        assert "cannot stand in a key" in found["errors"][0]["error"]
        printed = command.run("--all-agencies", "--print-jobs", "--parallel", "3", *arguments, "--workers=4")
        jobs = list(yaml.safe_load_all(printed.out))
        mine = next(job for job in jobs if job["metadata"]["name"] == f"get-s3-files-{world.agency.id}")
        (container,) = mine["spec"]["template"]["spec"]["containers"]
        assert container["args"] == [*_arguments(world), "--workers=4"]
        assert len({job["metadata"]["name"] for job in jobs}) == len(jobs)
    finally:
        with world.database.begin() as connection:
            connection.execute(text("DELETE FROM documents.agency WHERE id = 9000001"))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--agency-id", "987654"], "there is no agency '987654'"),
        (["--agency-id", "1' OR true --"], "there is no agency"),
        (["--agency-id", "1", "--parallel", "2"], "--parallel goes with --all-agencies"),
        (["--agency-id", "1", "--print-jobs"], "--print-jobs goes with --all-agencies"),
        (["--agency-id", "1", "--dry-run", "--announce"], "nothing to announce"),
        (["--agency-id", "1", "--workers", "0"], "'0' is not a whole number from 1 to 256"),
        (["--agency-id", "1", "--all-agencies"], "not allowed with"),
        ([], "one of the arguments --agency-id --all-agencies is required"),
    ],
)
def test_a_command_that_cannot_be_carried_out_ends_with_2_and_says_why(
    more: list[str], said: str, command: CommandLine, world: DocumentsWorld
) -> None:
    ran = command.run("--source-bucket", world.source, "--destination-bucket", world.destination, *more)
    assert ran.code == 2
    assert said in ran.err
    assert world.there() == {}


def test_a_folder_of_queries_and_a_database_of_the_applications_own_are_taken(
    command: CommandLine, world: DocumentsWorld, tmp_path: Path
) -> None:
    command.set(AGENCY_QUERIES=str(tmp_path / "nowhere"))
    assert "there is no folder" in command.run(*_arguments(world)).err
    command.set(AGENCY_QUERIES="", SOURCE_DATABASE_URL="postgresql://nobody@127.0.0.1:1/x")
    assert command.run(*_arguments(world)).code == 75


def test_an_export_is_announced_to_the_ledger_where_the_bucket_does_not(
    command: CommandLine, world: DocumentsWorld
) -> None:
    world.employ({"employee_id": 1})
    for _ in range(2):
        assert command.run(*_arguments(world), "--announce").code == 0
    query = "SELECT key, state FROM pipeline.object_inbox WHERE bucket = :bucket"
    with world.database.connect() as connection:
        rows = connection.execute(text(query), {"bucket": world.destination}).all()
    key = f"agency/{world.agency.slug}/files/employment-history/2026-01-04/12/employment_history.csv"
    assert [tuple(row) for row in rows] == [(key, "pending")]
