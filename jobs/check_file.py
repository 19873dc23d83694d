"""Score one local or S3 file against a definition, without any database."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import structlog

from dq.errors import DefinitionError
from etl_core.errors import PipelineError, TerminalError, UsageError
from jobs.console.json_output import write_json
from jobs.console.terminal import stdout
from jobs.console.verdict_table import verdict_report
from jobs.running.exit_codes import ExitCode

if TYPE_CHECKING:
    from dq.schema.definition import SchemaDefinition
    from dq.verdict.verdict import Verdict
    from etl_core.settings import Settings

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
    from jobs.running.wiring import start

    program = start()
    definition = read_definition(arguments.schema) if arguments.schema else None
    verdict = check(arguments.file, definition, program.settings)
    if arguments.json is not None:
        write_json({key: getattr(verdict, key) for key in _RESULT_KEYS}, arguments.json, "result")
    if arguments.json != "-":
        stdout().print(verdict_report(arguments.file, verdict))
    return ExitCode.OK if verdict.passed else ExitCode.FAILED


def check(location: str, definition: SchemaDefinition | None, settings: Settings) -> Verdict:
    """The verdict on the file at `location`, a path or an s3:// address.

    Raises:
        UsageError: there is no such file.
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
    except TerminalError as error:
        raise UsageError(f"the file cannot be checked: {error}") from error
    with open_profiler(settings, store) as score:
        scored = score([source])[0]
    if isinstance(scored, PipelineError):
        raise scored
    return replace(scored.verdict, profile_payload=orjson.loads(json_text(scored.verdict.profile_payload)))


def read_definition(path: str) -> SchemaDefinition:
    """The schema definition in a JSON file; its warnings are logged.

    Raises:
        DefinitionError: lists all problems of the definition.
        UsageError: the file cannot be read.
    """
    from dq.definitions import load_definition

    try:
        definition = load_definition(Path(path).read_bytes())
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
    parser.add_argument("--schema", metavar="DEF.json", help="schema definition; without one the file is only parsed")
    parser.add_argument("--json", metavar="OUT", help="also write the verdict and the profile as JSON; - is stdout")
    return parser


JOB = (main, "score one local or S3 file against a definition, without a database")
