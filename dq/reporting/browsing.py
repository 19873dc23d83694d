"""Files and their runs a page at a time, for whoever looks through them: by key, so that every page costs the same."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, bindparam, func, literal, null, or_, select, true, tuple_

from dq.reporting.catalogue.expected import FILE, QUALITY, RUN
from dq.reporting.readback import may_be_id
from dq.reporting.table_writer import as_sqlalchemy
from etl_core.postgres.transaction import Transaction, prepare
from etl_core.storable import storable

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy import BindParameter, ColumnElement, Select, Table
    from sqlalchemy.sql.selectable import LateralFromClause

    from dq.reporting.catalogue.catalogue import Catalogue
    from dq.reporting.result import RowId
    from etl_core.postgres.database import Connects
    from etl_core.postgres.transaction import Statement


@dataclass(frozen=True, slots=True)
class BrowsedRun:
    """One run with its score. `message` is None where nothing failed or no column is."""

    run_id: RowId
    run_date: date
    run_hour: int
    score: int
    passed: bool
    message: str | None


@dataclass(frozen=True, slots=True)
class BrowsedFile:
    """One monitored file, and the newest of its runs that has a verdict."""

    file_id: RowId
    agency_slug: str
    file_name: str
    newest: BrowsedRun | None


@dataclass(frozen=True, slots=True)
class FileFilter:
    """Files that fit all that is given; `search` is a part of `agency/file`, in any case."""

    search: str | None = None
    agency_slug: str | None = None
    passed: bool | None = None


#: What the next page of files begins behind: agency, file, id as text. Of runs: date, hour, id as text.
FileKey = tuple[str, str, str]
RunKey = tuple["date", int, str]
_RUN_KEY: Final = ("day", "hour", "run")


def browse_files(
    engine: Connects, catalogue: Catalogue, wanted: FileFilter, *, after: FileKey | None = None, limit: int
) -> tuple[BrowsedFile, ...]:
    """Files by agency and name.

    Args:
        engine: from `etl_core.postgres.database.connect`.
        catalogue: from `read_catalogue`.
        wanted: which files.
        after: the key of the last one of the page before.
        limit: at most so many.
    """
    files = as_sqlalchemy(catalogue.table(FILE))
    newest = _newest_run(catalogue, files)
    conditions: list[ColumnElement[bool]] = []
    if wanted.search:
        name = files.c.agency_slug.concat("/").concat(files.c.file_name)
        conditions.append(name.icontains(storable(wanted.search), autoescape=True))
    if wanted.agency_slug is not None:
        conditions.append(files.c.agency_slug == storable(wanted.agency_slug))
    if wanted.passed is not None:
        conditions.append(newest.c.passed.is_(wanted.passed))
    if after is not None:
        if not may_be_id(catalogue.table(FILE).columns["id"].type, after[2]):
            return ()
        behind = tuple_(files.c.agency_slug, files.c.file_name)
        conditions.append(
            or_(
                behind > tuple_(literal(storable(after[0])), literal(storable(after[1]))),
                and_(behind == tuple_(*map(literal, map(storable, after[:2]))), files.c.id > after[2]),
            )
        )
    statement = (
        _files(files, newest)
        .where(and_(true(), *conditions))
        .order_by(files.c.agency_slug, files.c.file_name, files.c.id)
        .limit(limit)
    )
    with engine.connect() as connection:
        return tuple(_browsed(row) for row in connection.execute(statement).mappings())


def find_file(engine: Connects, catalogue: Catalogue, file_id: str) -> BrowsedFile | None:
    """One file, named as the database writes its id; None when there is none."""
    if not may_be_id(catalogue.table(FILE).columns["id"].type, file_id):
        return None
    files = as_sqlalchemy(catalogue.table(FILE))
    statement = _files(files, _newest_run(catalogue, files)).where(files.c.id == file_id)
    with engine.connect() as connection:
        row = connection.execute(statement).mappings().one_or_none()
    return None if row is None else _browsed(row)


def browse_runs(
    engine: Connects, catalogue: Catalogue, file_id: RowId, *, before: RunKey | None = None, limit: int
) -> tuple[BrowsedRun, ...]:
    """The runs of a file that have a verdict, newest window first; arguments as of `browse_files`."""
    if before is not None and not may_be_id(catalogue.table(RUN).columns["id"].type, before[2]):
        return ()
    values = {"file": file_id, **dict(zip(_RUN_KEY, before or (), strict=False)), "most": limit}
    with engine.connect() as connection:
        found = Transaction(connection).ask(runs_statement(catalogue, is_further=before is not None), values)
        return tuple(BrowsedRun(*row) for row in found.rows)


def runs_statement(catalogue: Catalogue, *, is_further: bool) -> Statement:
    """Select `most` runs of `file`, and those before a key where `is_further`.

    An index on file, date and hour gives them in their order.
    """
    runs, quality = (as_sqlalchemy(catalogue.table(name)) for name in (RUN, QUALITY))
    return _runs_statement(runs, quality, is_further=is_further)


@lru_cache(16)
def _runs_statement(runs: Table, quality: Table, *, is_further: bool) -> Statement:
    statement = (
        select(*_run_columns(runs, quality))
        .join_from(runs, quality, quality.c.monitoring_file_run_id == runs.c.id)
        .where(runs.c.monitoring_file_id == bindparam("file"))
        .order_by(runs.c.run_date.desc(), runs.c.run_hour.desc(), runs.c.id.desc())
        .limit(bindparam("most"))
    )
    if is_further:
        key: list[BindParameter[Any]] = [bindparam(name) for name in _RUN_KEY]
        day, hour, run_id = key
        window, known = tuple_(runs.c.run_date, runs.c.run_hour), tuple_(day, hour)
        same = and_(window == known, runs.c.id < run_id)
        statement = statement.where(window <= known, or_(window < known, same))
    return prepare(statement)


def arrivals(engine: Connects, catalogue: Catalogue, file_id: RowId, since: date) -> dict[date, tuple[int, bool]]:
    """The days from `since` on that a file has runs of: how many have a verdict, and whether all passed."""
    runs, quality = (as_sqlalchemy(catalogue.table(name)) for name in (RUN, QUALITY))
    statement = (
        select(runs.c.run_date, func.count(), func.bool_and(quality.c.passed))
        .join_from(runs, quality, quality.c.monitoring_file_run_id == runs.c.id)
        .where(runs.c.monitoring_file_id == file_id, runs.c.run_date >= since)
        .group_by(runs.c.run_date)
    )
    with engine.connect() as connection:
        return {day: (count, passed) for day, count, passed in connection.execute(statement)}


def _run_columns(runs: Table, quality: Table) -> list[ColumnElement[Any]]:
    has_message = "failed_validation_message" in quality.c
    return [
        runs.c.id.label("run_id"),
        runs.c.run_date,
        runs.c.run_hour,
        quality.c.score,
        quality.c.passed,
        (quality.c.failed_validation_message if has_message else null()).label("message"),
    ]


def _newest_run(catalogue: Catalogue, files: Table) -> LateralFromClause:
    runs, quality = (as_sqlalchemy(catalogue.table(name)) for name in (RUN, QUALITY))
    return (
        select(*_run_columns(runs, quality))
        .join_from(runs, quality, quality.c.monitoring_file_run_id == runs.c.id)
        .where(runs.c.monitoring_file_id == files.c.id)
        .order_by(runs.c.run_date.desc(), runs.c.run_hour.desc(), runs.c.id.desc())
        .limit(1)
        .lateral()
    )


def _files(files: Table, newest: LateralFromClause) -> Select[Any]:
    return select(files.c.id.label("file_id"), files.c.agency_slug, files.c.file_name, *newest.c).outerjoin_from(
        files, newest, true()
    )


def _browsed(row: Any) -> BrowsedFile:  # noqa: ANN401 - a row of SQLAlchemy's
    values = dict(row)
    file = {name: values.pop(name) for name in ("file_id", "agency_slug", "file_name")}
    return BrowsedFile(**file, newest=None if values["run_id"] is None else BrowsedRun(**values))
