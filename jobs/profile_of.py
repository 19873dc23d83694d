"""Show what the profiles of many runs say together, without reading a file again."""

from __future__ import annotations

import argparse
from datetime import date
from typing import TYPE_CHECKING, Any

import structlog
from rich.table import Table

from etl_core.errors import UsageError
from jobs.console.json_output import require_writable, write_json
from jobs.console.terminal import cell, stdout
from jobs.running.exit_codes import ExitCode
from jobs.running.job_run import note

if TYPE_CHECKING:
    from dq.ledger.profile_states import MergedProfile
    from dq.profiling.summary.summary import ColumnSummary, FileSummary

log = structlog.get_logger()


def main(argv: list[str]) -> int:
    """Print the merged profile as a table, or as a profile payload in JSON."""
    arguments = _parser().parse_args(argv)
    from dq.ledger.profile_states import RunQuery, profile_of
    from dq.profiling.summary.summarise_state import sensitive_columns, summarise_state
    from jobs.running.database import open_database
    from jobs.running.wiring import start

    program = start()
    query = RunQuery(arguments.agency, arguments.file, arguments.since, arguments.until)
    if query.since and query.until and query.since > query.until:
        raise UsageError(f"--since {query.since} is after --until {query.until}")
    if arguments.json is not None:
        require_writable(arguments.json, "profile")
    with open_database(program.settings) as database:
        found = profile_of(database, query)
    note(message=f"{found.runs} runs were read")
    if not found.runs:
        raise UsageError("no run fits, or none has kept its profile (KEEP_PROFILES); `inbox list --all` shows objects")
    for reason in found.refusals:
        log.warning("left out", reason=reason)
    summary, hidden = summarise_state(found.merged), sensitive_columns(found.merged)
    if arguments.json is not None:
        write_json(_result(found, summary, hidden), arguments.json, "profile")
    if arguments.json != "-":
        _print(found, summary, hidden)
    return ExitCode.OK


def _print(found: MergedProfile, summary: FileSummary, hidden: frozenset[str]) -> None:
    state, console = found.merged, stdout()
    counts = f"{found.runs:,} runs: {state.files:,} merged, {found.unparsed:,} unparsable, {found.refused:,} refused"
    if not state.files:
        console.print(cell(counts))
        return
    console.print(
        cell(
            f"{counts}; {summary.rows_read:,} rows read, {summary.rows_malformed:,} malformed, "
            f"{summary.bytes or 0:,} bytes"
        )
    )
    table = Table("column", "type", "cells", "nulls", "distinct", "min", "median", "max", "mean", header_style="bold")
    for column in summary.columns:
        table.add_row(*map(cell, _figures(column, hidden=column.name in hidden)))
    console.print(table)
    if state.left_out:
        names = len({column.name for column in state.columns})
        console.print(cell(f"the files have more columns: these are the first {names:,} by name"))
    for key in summary.keys:
        console.print(
            cell(f"key {', '.join(key.columns)}: {key.repeated:,} of {key.full:,} rows repeat a row of their own file")
        )


def _figures(column: ColumnSummary, *, hidden: bool) -> list[object]:
    cells = column.rows - column.nulls
    if hidden:
        return [column.name, column.type, f"{cells:,}", f"{column.nulls:,}", *["sensitive"] * 4, ""]
    about = "~" if column.distinct_error else ""
    mean = "" if column.mean is None else f"{column.mean:.6g}"
    edges = [_shown(column.minimum), _shown(column.quantiles.get("p50")), _shown(column.maximum)]
    return [column.name, column.type, f"{cells:,}", f"{column.nulls:,}", f"{about}{column.distinct:,}", *edges, mean]


def _shown(value: object, most: int = 40) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= most else f"{text[: most - 3]}..."


def _result(found: MergedProfile, summary: FileSummary, hidden: frozenset[str]) -> dict[str, Any]:
    from dq.checks.plan import plan_checks
    from dq.verdict.masking import Masking
    from dq.verdict.payload.profile import profile_payload

    return {
        "runs": found.runs,
        "merged": found.merged.files,
        "unparsed": found.unparsed,
        "refused": found.refused,
        "refusals": list(found.refusals),
        "columns_left_out": found.merged.left_out,
        "profile_payload": profile_payload(summary, plan_checks(None), Masking(hidden)),
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pipeline-processing profile_of", description=__doc__)
    parser.add_argument("--agency", metavar="SLUG", help="only this agency's files")
    parser.add_argument("--file", metavar="NAME", help="only the file of this name")
    parser.add_argument("--since", type=date.fromisoformat, metavar="YYYY-MM-DD", help="first run date")
    parser.add_argument("--until", type=date.fromisoformat, metavar="YYYY-MM-DD", help="last run date")
    parser.add_argument("--json", metavar="OUT", help="also write the merged profile payload as JSON; - is stdout")
    return parser


JOB = (main, "merge the kept profiles of many runs: a day, an agency, a month")
