"""Look at the lake's tables, keep them in order, and take an object's rows out again."""

from __future__ import annotations

import argparse
from datetime import timedelta
from itertools import product
from typing import TYPE_CHECKING, Any

from rich.table import Table

from etl_core.errors import PipelineError, UsageError
from jobs.console.arguments import duration, object_number
from jobs.console.terminal import cell, stdout
from jobs.inspecting.selecting import at_most
from jobs.lake.doors import lake_doors
from jobs.lake.how_to_read import in_duckdb, in_pyspark
from jobs.lake.maintain import code_of, maintain_tables, no_such_tables
from jobs.running.exit_codes import ExitCode
from jobs.running.job_run import note

if TYPE_CHECKING:
    from collections.abc import Sequence

    from etl_core.settings import Settings
    from pipelines.lake.tables.delta_log import Snapshot

_LAYERS = ("silver", "quarantine")


def main(argv: list[str]) -> int:
    """Do what the first word says."""
    arguments = _parser().parse_args(argv)
    from jobs.running.sessions import open_tables_session
    from jobs.running.wiring import open_doors, start
    from pipelines.lake.lifting.undo import undo_object

    program = start()
    if arguments.action == "undo":
        note(subject=f"object {arguments.object}", step="undo")
        with open_doors(program.settings) as doors, open_tables_session(program.settings) as session:
            done = undo_object(arguments.object, lake_doors(doors, program.settings, session), alone=arguments.alone)
        back = (
            f"those of object {done.restored.subject.object_id} are back" if done.restored else "the run has none now"
        )
        stdout().print(cell(f"the rows of object {arguments.object} were taken out of the lake; {back}"))
        return ExitCode.OK
    if arguments.action == "maintain":
        with open_tables_session(program.settings) as session:
            return maintain_tables(program.settings, arguments.tables, arguments.retain, session)
    if arguments.action == "list":
        return _list(program.settings, arguments.tables)
    shown = {"show": _show, "history": _history, "quarantine": _quarantine}[arguments.action]
    shown(program.settings, arguments.table, arguments.limit)
    return ExitCode.OK


def _snapshot(settings: Settings, layer: str, table: str) -> Snapshot:
    found = _snapshot_or_none(settings, layer, table)
    if found is None:
        raise UsageError(f"there is no {layer} table {table!r} in {_root(settings)}; `lake list` shows those there are")
    return found


def _snapshot_or_none(settings: Settings, layer: str, table: str) -> Snapshot | None:
    from jobs.running.wiring import s3_access
    from pipelines.lake.files.folders import plain_name
    from pipelines.lake.files.table_folder import lake_table
    from pipelines.lake.tables.delta_log import read_snapshot

    return read_snapshot(lake_table(_root(settings), layer, plain_name(table), s3_access(settings)))


def _root(settings: Settings) -> str:
    from pipelines.lake.settings import LakeSettings

    return settings[LakeSettings].lake_root


def _list(settings: Settings, named: Sequence[str]) -> ExitCode:
    from dq.ledger.silver_loads import known_tables
    from jobs.running.database import open_database

    with open_database(settings, only_reads=True) as database:
        names = named or known_tables(database)
    table = Table("table", "layer", "version", "rows", "files", "columns", "why not", header_style="bold")
    missing, failed = set(named), list[PipelineError]()
    for name, layer in product(names, _LAYERS):
        try:
            found = _snapshot_or_none(settings, layer, name)
            if found is None:
                continue
            figures = (*_figures(found), "")
        except PipelineError as error:
            failed.append(error)
            figures = ("", "", "", "", str(error))
        missing.discard(name)
        table.add_row(*map(cell, (name, layer, *figures)))
    stdout().print(table)
    if missing:
        raise no_such_tables(missing, _root(settings))
    return code_of(failed)


def _figures(found: Snapshot) -> tuple[str, str, str, str]:
    import pyarrow as pa
    import pyarrow.compute as pc

    files = pa.table(found.source.get_add_actions(flatten=True))
    rows = pc.sum(files["num_records"]).as_py() or 0 if files.num_rows else 0
    return str(found.version), f"{rows:,}", str(files.num_rows), str(len(found.schema.data))


def _show(settings: Settings, name: str, _limit: int) -> None:
    found = _snapshot(settings, "silver", name)
    console = stdout()
    console.print(cell(f"{found.folder.uri}, version {found.version}"))
    table = Table("column", "type", "in files", header_style="bold")
    for column in found.schema.columns:
        table.add_row(*map(cell, (column.name, column.type, "" if column.source == column.name else column.source)))
    console.print(table)
    console.print(cell(f"PySpark: {in_pyspark(found.folder)}"), soft_wrap=True)
    console.print(cell(f"DuckDB:  {in_duckdb(found.folder)}"), soft_wrap=True)


def _history(settings: Settings, name: str, limit: int) -> None:
    found = _snapshot(settings, "silver", name)
    table = Table("version", "at", "operation", "what", header_style="bold")
    for one in found.source.history(limit):
        what = ", ".join(f"{key} {value}" for key, value in (one.get("operationParameters") or {}).items())
        table.add_row(*map(cell, (one["version"], _moment(one["timestamp"]), one["operation"], what)))
    stdout().print(table)


def _moment(milliseconds: int) -> str:
    from datetime import datetime, timezone

    return f"{datetime.fromtimestamp(milliseconds / 1000, timezone.utc):%Y-%m-%d %H:%M:%S}"


def _quarantine(settings: Settings, name: str, limit: int) -> None:
    from dq.rows.findings import readable

    found = _snapshot(settings, "quarantine", name)
    columns = ["_agency_slug", "_run_date", "_run_hour", "_object_id", "_line", "_findings", "_text"]
    rows: list[dict[str, Any]] = found.source.to_pyarrow_dataset().head(limit, columns=columns).to_pylist()
    table = Table("agency", "run", "object", "line", "why", "row", header_style="bold")
    for row in rows:
        run = f"{row['_run_date']} {row['_run_hour']:02d}h"
        why = readable(row["_findings"])
        table.add_row(*map(cell, (row["_agency_slug"], run, row["_object_id"], row["_line"], why, row["_text"])))
    stdout().print(table)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pipeline-processing lake", description=__doc__)
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="all tables, with their versions and rows")
    listing.add_argument("tables", metavar="TABLE", nargs="*", help="only these")
    for name, what in (
        ("show", "the columns of a table, and how to read it"),
        ("history", "the versions of a table"),
        ("quarantine", "rows that did not make it, with the reasons"),
    ):
        action = actions.add_parser(name, help=what)
        action.add_argument("table", metavar="TABLE")
        action.add_argument("--limit", type=at_most, default=50, help="at most so many lines (50)")
    keep = actions.add_parser("maintain", help="put files of past days together, delete what no version needs")
    keep.add_argument("tables", metavar="TABLE", nargs="*", help="only these")
    keep.add_argument(
        "--retain", metavar="SPAN", type=duration, default=timedelta(hours=168),
        help="how far back tables can be read, and objects undone: 168h, the least, when left out",
    )  # fmt: skip
    undo = actions.add_parser("undo", help="take an object's rows out again; those of its predecessor come back")
    undo.add_argument("--object", type=object_number, required=True, metavar="ID", help="its id in the inbox")
    undo.add_argument("--alone", action="store_true", help="no rows come back: its run has none then")
    return parser


JOB = (main, "look at the lake's tables, keep them in order, take an object's rows out again")
