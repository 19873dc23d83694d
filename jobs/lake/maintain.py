"""The lake's tables kept in order: files of past days put together, what no version needs any more deleted."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import structlog
from rich.table import Table

from etl_core.audit.record import Step
from etl_core.audit.table import add_lines
from etl_core.errors import PipelineError, RetryableError, UsageError
from jobs.console.terminal import cell, stdout
from jobs.running.exit_codes import ExitCode
from jobs.running.job_run import current_account, note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime, timedelta

    from pyspark.sql import SparkSession

    from etl_core.audit.record import Status
    from etl_core.settings import Settings
    from pipelines.lake.spark.maintaining import Maintained

log = structlog.get_logger()


def maintain_tables(
    settings: Settings, named: Sequence[str], retain: timedelta, session: Callable[[], SparkSession]
) -> ExitCode:
    """Compact and vacuum tables, each for itself: one that cannot be is told, and the others go on.

    Args:
        settings: where the lake is.
        named: the tables; none: all that rows were loaded into.
        retain: how far back tables can be read; days of runs before that are compacted.
        session: gives Spark's session for tables.
    """
    from dq import open_undos
    from dq.ledger.silver_loads import known_tables
    from etl_core.postgres.clock import DatabaseClock
    from jobs.running.database import open_database
    from jobs.running.wiring import s3_access
    from pipelines.lake.errors import UndoOpenError
    from pipelines.lake.files.folders import plain_name
    from pipelines.lake.files.table_folder import lake_table
    from pipelines.lake.lifting.lake_tables import RUNS
    from pipelines.lake.settings import LakeSettings
    from pipelines.lake.spark.maintaining import SHORTEST_RETENTION, maintain
    from pipelines.lake.tables.delta_log import latest_version

    if retain < SHORTEST_RETENTION:
        raise UsageError(f"--retain is {retain}; files of the last {SHORTEST_RETENTION.days} days may be in use")
    with open_database(settings) as database:
        names = [plain_name(name) for name in named] or known_tables(database)
        clock = DatabaseClock(database)
        before, account = (clock() - retain).date(), current_account()
        root, access = settings[LakeSettings].lake_root, s3_access(settings)
        done: list[tuple[str, str, Maintained | PipelineError]] = []
        missing = set(named and names)
        taken_from = {one.subject.table for one in open_undos(database)}
        for name, layer in product(names, ("silver", "quarantine", RUNS)):
            folder, began = lake_table(root, layer, name, access), clock()
            try:
                if latest_version(folder) is None:
                    continue
                if name in taken_from:
                    raise UndoOpenError("rows are being taken out of it; `to_silver` finishes what `lake undo` began")
                found: Maintained | PipelineError = maintain(session(), folder, before=before, retain=retain)
            except PipelineError as error:
                log.warning("a table was not kept in order", table=folder.uri, error=str(error))
                found = error
            missing.discard(name)
            done.append((name, layer, found))
            if account is not None:
                now = clock()
                line = account.line(_step(folder.uri, found, now, (now - began).total_seconds()))
                with database.begin() as connection:
                    add_lines(connection, [line])
    _show(done)
    if missing:
        raise no_such_tables(missing, root)
    failed = [found for _, _, found in done if isinstance(found, PipelineError)]
    note(step="maintain", message=f"{len(done) - len(failed)} tables kept in order, {len(failed)} not")
    return code_of(failed)


def code_of(failed: Sequence[PipelineError]) -> ExitCode:
    """The exit code when tables could not be read or kept in order."""
    if any(not isinstance(error, RetryableError) for error in failed):
        return ExitCode.FAILED
    return ExitCode.TRY_AGAIN if failed else ExitCode.OK


def no_such_tables(names: Iterable[str], root: str) -> UsageError:
    """The error of a command that names tables which are not there."""
    return UsageError(f"there is no table {', '.join(sorted(names))} in {root}; `lake list` shows those there are")


def _step(uri: str, found: Maintained | PipelineError, now: datetime, seconds: float) -> Step:
    if isinstance(found, PipelineError):
        status: Status = "postponed" if isinstance(found, RetryableError) else "failed"
        return Step("maintain", status, now, subject=uri, message=str(found), seconds=seconds)
    message = f"{found.compacted_from} files put together into {found.compacted_to}"
    outputs = (f"version {found.version}",)
    return Step("maintain", "succeeded", now, subject=uri, outputs=outputs, message=message, seconds=seconds)


def _show(done: Sequence[tuple[str, str, Maintained | PipelineError]]) -> None:
    table = Table("table", "layer", "files put together", "into", "version", "why not", header_style="bold")
    for name, layer, found in done:
        if isinstance(found, PipelineError):
            table.add_row(*map(cell, (name, layer, "", "", "", found)))
        else:
            figures = (found.compacted_from, found.compacted_to, found.version)
            table.add_row(*map(cell, (name, layer, *figures, "")))
    stdout().print(table)
