"""What changed among the runs that have a verdict, with the numbers and the profiles that are kept of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from sqlalchemy import Text, cast, func, or_, select

from dq.ledger.tables import profile_state
from dq.reporting.catalogue.expected import FILE, QUALITY, RUN
from dq.reporting.table_writer import as_sqlalchemy

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import date

    from sqlalchemy import ColumnElement, Table
    from sqlalchemy.engine import Engine

    from dq.reporting.catalogue.catalogue import Catalogue
    from dq.reporting.result import RowId

_S = profile_state.c
_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=timezone.utc), timedelta(microseconds=1)
_FETCHED = 20_000
#: States fetched at a time; most have some ten kilobytes, some have megabytes.
_STATES_FETCHED = 64


@dataclass(frozen=True, slots=True)
class ChangedRuns:
    """Runs that changed, by file, and the newest moment at which one did; None where none has."""

    by_file: dict[RowId, list[RowId]]
    until: datetime | None


@dataclass(frozen=True, slots=True)
class RunNumbers:
    """One run with a verdict.

    Attributes:
        run_id: as the database has it.
        file_id: of its file.
        agency_slug: of the agency.
        file_name: of the file.
        run_date: of its window, UTC.
        run_hour: of its window.
        size: bytes; None where nobody noted it.
        score: points.
        state_stamp: when its kept profile was written, in microseconds since 1970; None without one.
    """

    run_id: RowId
    file_id: RowId
    agency_slug: str
    file_name: str
    run_date: date
    run_hour: int
    size: int | None
    score: float
    state_stamp: int | None


def changed_runs(engine: Engine, catalogue: Catalogue, *, since: datetime | None, horizon: date) -> ChangedRuns:
    """Runs with a verdict that changed, by what the tables say of that; one that did not may be among them.

    Args:
        engine: from `etl_core.postgres.database.connect`.
        catalogue: from `read_catalogue`.
        since: when they did, at the earliest; None for all.
        horizon: the earliest run date.

    Raises:
        DatabaseUnavailableError: no answer.
    """
    runs, quality = (as_sqlalchemy(catalogue.table(name)) for name in (RUN, QUALITY))
    changed = _changed(catalogue, runs, quality)
    found = (
        select(runs.c.id, runs.c.monitoring_file_id, changed)
        .join_from(runs, quality, quality.c.monitoring_file_run_id == runs.c.id)
        .where(runs.c.run_date >= horizon)
    )
    if since is not None:
        renewed = select(_S.monitoring_file_run_id).where(_S.updated_at >= since)
        found = found.where(or_(changed >= since, cast(runs.c.id, Text).in_(renewed)))
    by_file: dict[RowId, list[RowId]] = {}
    until: datetime | None = None
    with engine.connect().execution_options(yield_per=_FETCHED) as connection:
        for run_id, file_id, moment in connection.execute(found):
            by_file.setdefault(file_id, []).append(run_id)
            at = _aware(moment)
            until = at if until is None else max(until, at)
    return ChangedRuns(by_file, until)


def run_numbers(
    engine: Engine, catalogue: Catalogue, *, files: Collection[RowId], runs: Collection[RowId], horizon: date
) -> tuple[RunNumbers, ...]:
    """The numbers of all runs of `files` since `horizon`, and of these `runs`; by file and window.

    Raises:
        DatabaseUnavailableError: no answer.
    """
    run, quality, file = (as_sqlalchemy(catalogue.table(name)) for name in (RUN, QUALITY, FILE))
    wanted: list[ColumnElement[bool]] = []
    if files:
        wanted.append(run.c.monitoring_file_id.in_(list(files)) & (run.c.run_date >= horizon))
    if runs:
        wanted.append(run.c.id.in_(list(runs)))
    found = []
    with engine.connect() as connection:
        for one in wanted:
            statement = (
                select(
                    *(run.c.id, run.c.monitoring_file_id, file.c.agency_slug, file.c.file_name),
                    *(run.c.run_date, run.c.run_hour, run.c.file_size, quality.c.score, _S.updated_at),
                )
                .join_from(run, quality, quality.c.monitoring_file_run_id == run.c.id)
                .join(file, file.c.id == run.c.monitoring_file_id)
                .outerjoin(profile_state, _S.monitoring_file_run_id == cast(run.c.id, Text))
                .where(one)
                .order_by(run.c.monitoring_file_id, run.c.run_date, run.c.run_hour, run.c.id)
            )
            found += [_numbers(*row) for row in connection.execute(statement)]
    return tuple(found)


def run_states(engine: Engine, run_ids: Collection[str]) -> Iterator[tuple[str, bytes | None]]:
    """The kept profiles of these runs as bytes, a few at a time; None where the file could not be parsed."""
    statement = select(_S.monitoring_file_run_id, _S.state).where(_S.monitoring_file_run_id.in_(list(run_ids)))
    with engine.connect().execution_options(yield_per=_STATES_FETCHED) as connection:
        for run_id, state in connection.execute(statement):
            yield run_id, None if state is None else bytes(state)


def _changed(catalogue: Catalogue, runs: Table, quality: Table) -> ColumnElement[Any]:
    """When a run changed; a verdict that is replaced refreshes its run."""
    own = [
        table.c["updated_at"]
        for table, name in ((runs, RUN), (quality, QUALITY))
        if catalogue.table(name).has("updated_at")
    ]
    return func.coalesce(*own[:1], quality.c.created_at)


def _numbers(run_id: RowId, *row: Any) -> RunNumbers:  # noqa: ANN401 - columns of a row
    file_id, agency, name, day, hour, size, score, updated_at = row
    stamp = None if updated_at is None else (updated_at - _EPOCH) // _MICROSECOND
    known = None if size is None else int(size)
    return RunNumbers(run_id, file_id, agency, name, day, int(hour), known, float(score), stamp)


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=timezone.utc)
