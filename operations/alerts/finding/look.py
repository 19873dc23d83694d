"""One look at all sources; one that cannot be read costs the others nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import structlog

from etl_core.errors import PipelineError, RetryableError
from etl_core.postgres.rights import has_table
from operations.alerts.deciding.alert import Condition, Found, Kind
from operations.alerts.finding.arrivals_and_observations import ARRIVALS, DRIFT
from operations.alerts.finding.audit_lines import DIFFERENCES, JOBS
from operations.alerts.finding.ledger_rows import BACKLOG, LETTERS
from operations.alerts.finding.source import MOST, Asked, File, Source, read_files
from operations.alerts.finding.verdicts import VERDICTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Engine

log = structlog.get_logger()

SOURCES: Final = (VERDICTS, LETTERS, BACKLOG, JOBS, DIFFERENCES, ARRIVALS, DRIFT)
_FILE: Final = "reporting.monitoring_file"


def look(engine: Engine, asked: Asked, sources: Sequence[Source] = SOURCES) -> Found:
    """Read what is wrong now.

    Args:
        engine: of `etl_core.postgres.database.connect`.
        asked: what to go by; `files` are read here.
        sources: where to look.

    Raises:
        RetryableError: the database does not answer; a single source that takes too long is only left out.
    """
    conditions: list[Condition] = []
    whole: set[Kind] = set()
    away: list[RetryableError] = []
    files = _files(engine, away)
    asked = asked if files is None else replace(asked, files=files)
    read = [one for one in sources if files is not None or not one.needs_files]
    for source in read:
        found = _read(engine, source, asked, away)
        if found is None:
            continue
        conditions += found
        if len(found) < MOST:
            whole |= source.kinds
        else:
            log.warning("a source of alerts has more than is read at once", source=source.name, most=MOST)
    if away and len(away) >= len(read):  # all that was asked
        raise away[-1]
    return Found(tuple(conditions), frozenset(whole))


def _files(engine: Engine, away: list[RetryableError]) -> dict[str, File] | None:
    """The monitored files; None where nothing can be said."""
    try:
        with engine.connect() as connection:
            return read_files(connection) if has_table(connection, _FILE) else {}
    except PipelineError as error:
        _tell(_FILE, error, away)
        return None


def _read(engine: Engine, source: Source, asked: Asked, away: list[RetryableError]) -> Sequence[Condition] | None:
    """The conditions of a source; None where nothing can be said."""
    try:
        with engine.connect() as connection:
            if not all(has_table(connection, table) for table in source.tables):
                return None
            return source.read(connection, asked)
    except PipelineError as error:
        _tell(source.name, error, away)
        return None


def _tell(source: str, error: PipelineError, away: list[RetryableError]) -> None:
    if isinstance(error, RetryableError):
        away.append(error)
    log.warning("a source of alerts could not be read; its alerts stay as they are", source=source, error=error)
