"""Copy an agency's attachments to the destination bucket, and write its employment history there as CSV.

What is there already is left alone, so the same command can be given as often as wanted; one that was killed goes on
where it stopped. Other content at the destination is a conflict, and stays unless --overwrite says otherwise.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from etl_core.errors import UsageError
from jobs.console.arguments import moment
from jobs.running.exit_codes import ExitCode
from jobs.running.job_run import note

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jobs.agencies.doors import OpenDoors
    from jobs.running.wiring import Program
    from pipelines.agencies.run_agency import Part, Wanted
    from pipelines.agencies.source.documents import Agency

_MOST_WORKERS = 256
_MOST_AGENCIES = 64


def main(argv: list[str], program: Program | None = None) -> int:
    """Run what the command line names; exit 1 where a file is not at its destination.

    `program` has other settings than those of the environment.
    """
    arguments = _parser().parse_args(argv)
    _refuse_contradictions(arguments)
    from jobs.agencies.doors import open_document_doors
    from jobs.agencies.k8s_jobs import job_manifests
    from jobs.running.wiring import start

    program = program or start()
    note(
        step=arguments.only or "run",
        subject="all agencies" if arguments.all_agencies else f"agency {arguments.agency_id}",
        inputs=[f"s3://{arguments.source_bucket}"],
        outputs=[f"s3://{arguments.destination_bucket}"],
    )
    with open_document_doors(program.settings, arguments.workers * arguments.parallel) as doors:
        agencies = (
            doors.agencies.agencies() if arguments.all_agencies else (doors.agencies.agency(arguments.agency_id),)
        )
        if arguments.print_jobs:
            sys.stdout.write(job_manifests(agencies, _passed_on(argv)))
            return ExitCode.OK
        return _run(arguments, program, doors, agencies)


def console() -> int:
    """Start as a program of its own: images have it as their entry point and pass arguments only."""
    from jobs.cli import main as dispatch

    return dispatch(["get_s3_files", *sys.argv[1:]])


def _run(arguments: argparse.Namespace, program: Program, doors: OpenDoors, agencies: Sequence[Agency]) -> int:
    from etl_core.metrics.publishing import left_in_file
    from etl_core.metrics.settings import MetricsSettings
    from jobs.agencies.running import run_agencies
    from jobs.agencies.telling import show, summary
    from jobs.console.json_output import write_json
    from jobs.console.progress import show_share
    from jobs.running.stopping import StopRequest
    from pipelines.agencies.copying.report import report_file
    from pipelines.agencies.metrics import DocumentMetrics

    metrics = DocumentMetrics()
    with (
        left_in_file(metrics.registry, program.settings[MetricsSettings].metrics_file),
        report_file(arguments.report) as report,
        show_share(program.console, "documents") as progress,
        StopRequest() as stop,
    ):
        doors = replace(doors, documents=replace(doors.documents, is_stopped=stop.is_set))
        ran = run_agencies(
            agencies, _wanted(arguments, program), doors.documents, (report, metrics, progress), arguments.parallel
        )
    exports = [one.export.head for one in ran.outcomes if one.export is not None and one.export.head is not None]
    if arguments.announce and exports:
        from jobs.agencies.telling import announce

        store = doors.documents.destination or doors.documents.source
        announce(doors.database, store, exports, doors.documents.ledger.clock())
    note(rows_in=sum(one.attachments for one in ran.outcomes), message=ran.sentence)
    if arguments.json:
        write_json(summary(ran, dry_run=arguments.dry_run), "-", "summary")
    else:
        show(ran, dry_run=arguments.dry_run)
    return ran.exit_code()


def _wanted(arguments: argparse.Namespace, program: Program) -> Wanted:
    from pipelines.agencies.run_agency import Wanted
    from pipelines.agencies.settings import AgencySettings

    settings = program.settings[AgencySettings]
    parts: tuple[Part, ...] = ("attachments", "employment") if arguments.only is None else (arguments.only,)
    return Wanted(
        source_bucket=arguments.source_bucket,
        destination_bucket=arguments.destination_bucket,
        run_at=arguments.run_at or datetime.now(timezone.utc),
        parts=parts,
        workers=arguments.workers,
        overwrite=arguments.overwrite,
        dry_run=arguments.dry_run,
        raw=settings.employment_csv_raw,
        leave_out=() if arguments.sensitive else settings.employment_sensitive,
    )


def _refuse_contradictions(arguments: argparse.Namespace) -> None:
    if arguments.parallel > 1 and not arguments.all_agencies:
        raise UsageError("--parallel goes with --all-agencies; of one agency --workers says how many files at once")
    if arguments.print_jobs and not arguments.all_agencies:
        raise UsageError("--print-jobs goes with --all-agencies: it prints a Job for each of them")
    if arguments.dry_run and arguments.announce:
        raise UsageError("--announce has nothing to announce with --dry-run; expected either")


def _passed_on(argv: Sequence[str]) -> list[str]:
    """Give the arguments that are each agency's, too."""
    kept, skip = list[str](), False
    for word in argv:
        name = word.partition("=")[0]
        if skip or name in {"--all-agencies", "--print-jobs", "--parallel", "--"}:
            skip = not skip and word == "--parallel"
            continue
        kept.append(word)
    return kept


def _count(most: int) -> Callable[[str], int]:
    def count(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to {most}")
        return int(text)

    return count


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pipeline-processing get_s3_files", description=__doc__, allow_abbrev=False)
    who = parser.add_mutually_exclusive_group(required=True)
    who.add_argument("--agency-id", metavar="N", help="whose documents, as the application numbers its agencies")
    who.add_argument("--all-agencies", action="store_true", help="those of all agencies")
    parser.add_argument("--source-bucket", metavar="BUCKET", required=True, help="where the attachments are")
    parser.add_argument("--destination-bucket", metavar="BUCKET", required=True, help="where everything goes")
    parser.add_argument("--only", choices=("attachments", "employment"), help="one of the two (default: both)")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done; nothing is written")
    parser.add_argument("--workers", type=_count(_MOST_WORKERS), default=16, help="files at once (default: 16)")
    parser.add_argument("--parallel", type=_count(_MOST_AGENCIES), default=1, help="agencies at once (default: 1)")
    parser.add_argument("--overwrite", action="store_true", help="replace other content at the destination")
    parser.add_argument("--sensitive", action="store_true", help="with the columns that EMPLOYMENT_SENSITIVE names")
    parser.add_argument(
        "--announce", action="store_true", help="announce the CSV to the ledger, where the bucket does not by itself"
    )
    parser.add_argument("--run-at", metavar="TIME", type=moment, help="date and hour in the keys (default: now, UTC)")
    parser.add_argument("--report", metavar="FILE", help="what became of every file: .csv or .jsonl")
    parser.add_argument("--json", action="store_true", help="the summary as JSON")
    parser.add_argument("--print-jobs", action="store_true", help="only print a Kubernetes Job for each agency")
    return parser


JOB = (main, "copy agencies' attachments to a bucket, and their employment history as CSV")
