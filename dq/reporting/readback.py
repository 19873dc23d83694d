"""Verdicts read back, for tables and notebooks."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import Text, bindparam, cast, func, null, select
from sqlalchemy.dialects.postgresql import JSONB

from dq.reporting.catalogue.expected import FILE, PROFILE, QUALITY, RUN
from dq.reporting.table_writer import as_sqlalchemy
from etl_core.postgres.transaction import Transaction, prepare

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from sqlalchemy import Select, Table

    from dq.reporting.catalogue.catalogue import Catalogue
    from dq.reporting.result import RowId
    from etl_core.postgres.database import Connects
    from etl_core.postgres.transaction import Statement


@dataclass(frozen=True, slots=True)
class VerdictRow:
    """One verdict with the file and window it is about. `message` is None where nothing failed or no column is."""

    agency_slug: str
    file_name: str
    run_date: date
    run_hour: int
    score: int
    passed: bool
    message: str | None
    run_id: RowId
    metrics: dict[str, Any]
    deductions: dict[str, float]
    file_size: int | None
    created_at: datetime
    file_id: RowId


@dataclass(frozen=True, slots=True)
class KeptRun:
    """A verdict with what is kept beside it. `rules` and `profile` are None where the database keeps none."""

    verdict: VerdictRow
    rules: list[dict[str, Any]] | None
    profile: dict[str, Any] | None


def read_verdicts(
    engine: Connects,
    catalogue: Catalogue,
    *,
    agency_slug: str | None = None,
    file_name: str | None = None,
    limit: int | None = None,
) -> tuple[VerdictRow, ...]:
    """The verdicts there are, newest window first, then by agency and file.

    Args:
        engine: from `etl_core.postgres.database.connect`.
        catalogue: from `read_catalogue`.
        agency_slug: only this agency's.
        file_name: only this file's.
        limit: at most so many.
    """
    tables = _Tables.of(catalogue)
    files, runs = tables.files, tables.runs
    statement = (
        _verdicts(tables)
        .order_by(runs.c.run_date.desc(), runs.c.run_hour.desc(), files.c.agency_slug, files.c.file_name)
        .limit(limit)
    )
    if agency_slug is not None:
        statement = statement.where(files.c.agency_slug == agency_slug)
    if file_name is not None:
        statement = statement.where(files.c.file_name == file_name)
    return _read(engine, statement)


def read_verdict(engine: Connects, catalogue: Catalogue, run_id: str) -> VerdictRow | None:
    """The verdict of one run, named as the database writes its id; None when there is no such run, or none yet."""
    if not may_be_id(catalogue.table(RUN).columns["id"].type, run_id):
        return None
    tables = _Tables.of(catalogue)
    return next(iter(_read(engine, _verdicts(tables).where(tables.runs.c.id == run_id))), None)


def read_kept_run(engine: Connects, catalogue: Catalogue, run_id: str, *, rows_only: bool = False) -> KeptRun | None:
    """A verdict with its failed rules and its profile, in one statement; None as of `read_verdict`.

    Numbers of the profile beyond 64 bits are doubles.

    Args:
        engine: from `etl_core.postgres.database.connect`.
        catalogue: from `read_catalogue`.
        run_id: as the database writes it.
        rows_only: whether the profile is no more than the number of its rows, in its place.
    """
    if not may_be_id(catalogue.table(RUN).columns["id"].type, run_id):
        return None
    profiles = as_sqlalchemy(catalogue.table(PROFILE)) if PROFILE in catalogue else None
    statement = _kept_run(_Tables.of(catalogue), profiles, rows_only=rows_only)
    with engine.connect() as connection:
        row = Transaction(connection).ask(statement, {"run": run_id}).first
    if row is None:
        return None
    *verdict, rules, profile = row
    if profile is not None:
        profile = {"statisticalSummary": {"rows": int(profile)}} if rows_only else _quickly(profile)
    return KeptRun(_verdict_of(verdict), _from_json(rules), profile)


@lru_cache(16)
def _kept_run(tables: _Tables, profiles: Table | None, *, rows_only: bool) -> Statement:
    """Made once for all runs: to make it takes longer than to have it answered."""
    quality = tables.quality
    rules = quality.c.failed_validation_rules if "failed_validation_rules" in quality.c else null()
    found = _verdicts(tables).where(tables.runs.c.id == bindparam("run"))
    if profiles is None:
        return prepare(found.add_columns(rules, null()))
    payload = profiles.c.profile_payload
    rows = cast(payload, JSONB)["statisticalSummary"]["rows"].astext
    beside = found.outerjoin(profiles, profiles.c.monitoring_file_run_id == tables.runs.c.id)
    return prepare(beside.add_columns(rules, rows if rows_only else cast(payload, Text)))


#: The largest ids there can be, by the type of their column.
_MOST_IDS = {"int2": (1 << 15) - 1, "int4": (1 << 31) - 1}


def may_be_id(kind: str, row_id: str) -> bool:
    """Whether a text names a row of a table whose ids are of this kind, so that the server need not refuse it."""
    if kind != "uuid":
        is_number = row_id.isascii() and row_id.isdigit() and len(row_id) < len(str(1 << 63))
        return is_number and int(row_id) <= _MOST_IDS.get(kind, 1 << 63)
    try:
        UUID(row_id)
    except ValueError:
        return False
    return True


class _Tables(NamedTuple):
    """The tables a verdict stands in, as one statement names them."""

    files: Table
    runs: Table
    quality: Table

    @classmethod
    def of(cls, catalogue: Catalogue) -> _Tables:
        return cls(*(as_sqlalchemy(catalogue.table(name)) for name in (FILE, RUN, QUALITY)))


def _verdicts(tables: _Tables) -> Select[Any]:
    runs, quality = tables.runs, tables.quality
    file_id = runs.c.monitoring_file_id.label("file_id")
    more = (quality.c.metrics, quality.c.deductions, runs.c.file_size, quality.c.created_at, file_id)
    return _scores(tables).add_columns(*more)


def _scores(tables: _Tables) -> Select[Any]:
    files, runs, quality = tables
    has_message = "failed_validation_message" in quality.c
    return (
        select(
            files.c.agency_slug,
            files.c.file_name,
            runs.c.run_date,
            runs.c.run_hour,
            quality.c.score,
            quality.c.passed,
            (quality.c.failed_validation_message if has_message else null()).label("message"),
            runs.c.id.label("run_id"),
        )
        .join_from(runs, files, files.c.id == runs.c.monitoring_file_id)
        .join(quality, quality.c.monitoring_file_run_id == runs.c.id)
    )


def _read(engine: Connects, statement: Select[Any]) -> tuple[VerdictRow, ...]:
    with engine.connect() as connection:
        return tuple(map(_verdict_of, connection.execute(statement)))


def _verdict_of(row: Sequence[Any]) -> VerdictRow:
    values = dict(zip(VerdictRow.__slots__, row, strict=True))
    return VerdictRow(**{**values, **{name: _from_json(values[name]) for name in ("metrics", "deductions")}})


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """The score of one run of a file, and what says that it failed."""

    agency_slug: str
    file_name: str
    run_date: date
    run_hour: int
    score: int
    passed: bool
    message: str | None
    run_id: RowId


def read_scores(
    engine: Connects,
    catalogue: Catalogue,
    *,
    agency_slug: str,
    since: date | None = None,
    most: int = 90,
) -> tuple[ScoreRow, ...]:
    """The scores of an agency's files, of each at most the newest `most`; by file, oldest window first.

    Args:
        engine: from `etl_core.postgres.database.connect`.
        catalogue: from `read_catalogue`.
        agency_slug: whose files.
        since: the first run date.
        most: of each file, counted from the newest.
    """
    tables = _Tables.of(catalogue)
    files, runs, _ = tables
    found = _scores(tables).where(files.c.agency_slug == agency_slug)
    if since is not None:
        found = found.where(runs.c.run_date >= since)
    latest_first = (runs.c.run_date.desc(), runs.c.run_hour.desc())
    at = func.row_number().over(partition_by=files.c.id, order_by=latest_first)
    rows = found.add_columns(at.label("at")).subquery()
    wanted = [column for column in rows.c if column.name != "at"]
    statement = select(*wanted).where(rows.c.at <= most).order_by(rows.c.file_name, rows.c.run_date, rows.c.run_hour)
    with engine.connect() as connection:
        return tuple(ScoreRow(*row) for row in connection.execute(statement))


def read_failed_rules(engine: Connects, catalogue: Catalogue, run_id: RowId) -> list[dict[str, Any]] | None:
    """The failed rules of a run as they are stored with its verdict; None where the database has no column for them."""
    if not catalogue.table(QUALITY).has("failed_validation_rules"):
        return None
    quality = as_sqlalchemy(catalogue.table(QUALITY))
    statement = select(quality.c.failed_validation_rules).where(quality.c.monitoring_file_run_id == run_id)
    with engine.connect() as connection:
        rules: list[dict[str, Any]] | None = _from_json(connection.execute(statement).scalar_one_or_none())
        return rules


def read_profile(engine: Connects, catalogue: Catalogue, run_id: RowId) -> dict[str, Any] | None:
    """The profile payload of a run; None when there is none, or no table for them."""
    if PROFILE not in catalogue:
        return None
    profiles = as_sqlalchemy(catalogue.table(PROFILE))
    statement = select(profiles.c.profile_payload).where(profiles.c.monitoring_file_run_id == run_id)
    with engine.connect() as connection:
        payload: dict[str, Any] | None = _from_json(connection.execute(statement).scalar_one_or_none())
        return payload


def _quickly(payload: str) -> dict[str, Any]:
    """Read a payload for its figures, three times as fast as the driver does."""
    try:
        read: dict[str, Any] = orjson.loads(payload)
    except orjson.JSONDecodeError:  # numbers beyond a double
        read = json.loads(payload)
    return read


def _from_json(value: object) -> Any:  # noqa: ANN401 - any JSON value
    """The value of a JSON column; those of web applications are texts sometimes."""
    return json.loads(value) if isinstance(value, str) else value
