"""Score one local or S3 file against a definition, without any database."""

from __future__ import annotations

import argparse
import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import orjson
import structlog

from dq.errors import DefinitionError
from etl_core.errors import ObjectGoneError, ObjectReplacedError, PipelineError, UsageError
from etl_core.objects.failures import ObjectRefusedError
from jobs.console.json_output import require_writable, write_json, write_text
from jobs.console.terminal import cell, stdout
from jobs.console.verdict_table import verdict_report
from jobs.running.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dq.schema.definition import SchemaDefinition, ScoringMode
    from dq.verdict.verdict import Verdict
    from etl_core.settings import Settings
    from jobs.suggesting.recognised import Recognised

log = structlog.get_logger()

_RESULT_KEYS = (
    "score",
    "passed",
    "metrics",
    "deductions",
    "failed_validation_message",
    "failed_validation_rules",
    "profile_payload",
)


def main(argv: list[str]) -> int:
    """Print the verdict as tables; exit 0 when the file passed, 1 when it failed its checks."""
    arguments = _parser().parse_args(argv)
    from dq.batch.settings import BatchSettings
    from dq.schema.definition import ScoringMode
    from jobs.console.progress import show_share
    from jobs.running.wiring import start

    program = start()
    _require_outputs(arguments)
    mode = ScoringMode(program.settings[BatchSettings].scoring_mode)
    definition = read_definition(arguments.schema, mode) if arguments.schema else None
    with show_share(program.console, "reading") as progress:
        verdict = check(arguments.file, definition, program.settings, progress)
    found = None if definition is not None else recognise(arguments.file, program.settings, verdict)
    warnings = definition.warnings if definition else ()
    if arguments.json is not None:
        result = {key: getattr(verdict, key) for key in _RESULT_KEYS}
        recognised = {} if found is None else {"recognised": found.written()}
        write_json({**result, "definition_warnings": warnings, **recognised}, arguments.json, "result")
    if "-" not in (arguments.json, arguments.html):
        _print(arguments.file, verdict, warnings, found)
    if arguments.html is not None:
        _write_page(arguments.file, verdict, definition, arguments.html)
    if arguments.rows is not None and definition is not None:
        written = _write_rows(arguments.file, definition, program.settings, arguments.rows, raw=arguments.raw)
        log.info("rows written", file=arguments.rows, rows=written)
    return ExitCode.OK if verdict.passed else ExitCode.FAILED


def _print(name: str, verdict: Verdict, warnings: Sequence[str], found: Recognised | None) -> None:
    console = stdout()
    if found is None:
        console.print(verdict_report(name, verdict, warnings))
        return
    from jobs.suggesting.recognised import recognised_report

    console.print(recognised_report(name, found, width=console.width, bars=console.is_terminal))
    if not verdict.passed:
        console.print(verdict_report(name, verdict))
    if found.payload["statisticalSummary"]["columns"]:
        console.print(cell(f"next: pipeline-processing suggest_definition {shlex.quote(name)} --out definition.json"))


def recognise(location: str, settings: Settings, verdict: Verdict) -> Recognised:
    """What a file is that came without a definition.

    A CSV file that is not written as such files are by themselves is counted again as it is written.

    Args:
        location: a path, or an s3:// address.
        settings: how it is reached and read.
        verdict: from `check`, without a definition.
    """
    from jobs.suggesting.own_file import open_own_file
    from jobs.suggesting.recognised import recognised

    with open_own_file(location, settings) as file:
        return recognised(file, cast("Mapping[str, Any]", verdict.profile_payload))


def _require_outputs(arguments: argparse.Namespace) -> None:
    """Find out before the file is read whether all that is asked for can be written.

    Raises:
        UsageError: it cannot.
    """
    if arguments.json == arguments.html == "-":
        raise UsageError("--json - and --html - both write to stdout; name a file for one of them")
    if arguments.json is not None:
        require_writable(arguments.json, "result", (arguments.file, arguments.schema))
    if arguments.html is not None:
        require_writable(arguments.html, "report", (arguments.file, arguments.schema, arguments.json))
    if arguments.raw and arguments.rows is None:
        raise UsageError("--raw is about the rows in --rows OUT.csv; name a file, or leave it out")
    if arguments.rows is not None:
        from jobs.console.rows_output import kind_of_rows

        if arguments.schema is None:
            raise UsageError("--rows needs --schema: without a definition no row fails; name one")
        kind_of_rows(arguments.rows)
        others = (arguments.file, arguments.schema, arguments.json, arguments.html)
        require_writable(arguments.rows, "file of rows", others)


def check(
    location: str, definition: SchemaDefinition | None, settings: Settings, progress: Callable[[float], None]
) -> Verdict:
    """The verdict on the file at `location`, a path or an s3:// address.

    Args:
        location: where the file is.
        definition: what it should look like; None only asks whether it can be parsed.
        settings: how it is reached and read.
        progress: told the share that is read, from 0 to 1.

    Raises:
        UsageError: there is no such file, or it will not be handed out.
        PipelineError: it cannot be reached or read now.
    """
    from dq.engine.source_file import SourceObject
    from etl_core.objects.place import parse_place
    from etl_core.storable import json_text
    from jobs.running.wiring import object_store, open_profiler

    place = parse_place(location.removeprefix("file://"))
    store = object_store(settings)
    try:
        source = SourceObject(0, store.peek(place.bucket, place.key), definition)
        with open_profiler(settings, store, own_references=True) as profiler:
            scored = profiler.judge_one(source, progress)
        if isinstance(scored, PipelineError):
            raise scored
    except ObjectReplacedError as error:
        raise UsageError(f"the file changed while it was checked: {error}") from error
    except (ObjectGoneError, ObjectRefusedError) as error:
        raise UsageError(f"the file cannot be checked: {error}") from error
    return replace(scored.verdict, profile_payload=orjson.loads(json_text(scored.verdict.profile_payload)))


def _write_page(location: str, verdict: Verdict, definition: SchemaDefinition | None, out: str) -> None:
    """Write the verdict as a page."""
    from dq.report.page import report_page
    from dq.report.reported import Reported, kept

    name = location.rstrip("/").rpartition("/")[2] or location
    where = (("file", location),) if location != name else ()
    passes_from = float(definition.scoring.pass_score) if definition else None
    warnings = definition.warnings if definition else ()
    profile = cast("Mapping[str, Any]", verdict.profile_payload)  # `check` has read it
    page = Reported(name, kept(verdict, profile), where, pass_score=passes_from, warnings=warnings)
    write_text(report_page(page), out, "report")


def _write_rows(location: str, definition: SchemaDefinition, settings: Settings, out: str, *, raw: bool) -> int:
    """Write the rows of a file that fail or cannot be parsed; how many there are, none in a file nobody can read."""
    from dq.engine.references import known_references
    from dq.engine.source_file import SourceObject
    from dq.errors import UnreadableFileError
    from dq.formats.limits import Limits
    from dq.rows.files.file_rows import RowsOfFile
    from etl_core.objects.place import parse_place
    from jobs.console.rows_output import write_rows
    from jobs.running.wiring import object_store, reference_reader

    place = parse_place(location.removeprefix("file://"))
    store = object_store(settings)
    source = SourceObject(0, store.peek(place.bucket, place.key), definition)
    try:
        references = known_references([definition], reference_reader(settings, store, Limits(), own_files=True))
        return write_rows(RowsOfFile(source, store, Limits(), references, at_once=True), definition, out, raw=raw)
    except UnreadableFileError:  # the verdict says why; what came before is not told either
        return write_rows(None, definition, out, raw=raw)


def read_definition(path: str, mode: ScoringMode) -> SchemaDefinition:
    """The schema definition in a JSON file, scored by `mode` unless it says how; its warnings are logged.

    Raises:
        DefinitionError: lists all problems of the definition.
        UsageError: the file cannot be read.
    """
    from dq.definitions import load_definition

    try:
        definition = load_definition(Path(path).read_bytes(), mode=mode)
    except OSError as error:
        raise UsageError(f"the definition {path!r} cannot be read: {error.strerror}") from None
    except DefinitionError as error:
        raise DefinitionError(path, error.problems) from None
    for warning in definition.warnings:
        log.warning("schema definition", file=path, warning=warning)
    return definition


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pipeline-processing check_file", description=__doc__)
    parser.add_argument("file", metavar="PATH_OR_URI", help="a local path, or s3://bucket/key")
    parser.add_argument("--schema", metavar="DEF.json", help="schema definition; without one: what the file is")
    parser.add_argument("--json", metavar="OUT", help="also write the verdict and the profile as JSON; - is stdout")
    parser.add_argument(
        "--html", metavar="OUT.html", help="also write the verdict as a page for people: one file, - is stdout"
    )
    parser.add_argument(
        "--rows",
        metavar="OUT",
        help="also write the rows that fail or cannot be parsed, with the reasons, to a .csv, .jsonl or .parquet file",
    )
    parser.add_argument(
        "--raw", action="store_true", help="with --rows OUT.csv: write texts as they are that look like formulas"
    )
    return parser


JOB = (main, "score one local or S3 file against a definition, without a database")
