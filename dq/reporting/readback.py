"""Verdicts read back, for tables and notebooks."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import null, select

from dq.reporting.catalogue.expected import FILE, PROFILE, QUALITY, RUN
from dq.reporting.table_writer import as_sqlalchemy

if TYPE_CHECKING:
    from datetime import date, datetime

    from sqlalchemy.engine import Engine

    from dq.reporting.catalogue.catalogue import Catalogue
    from dq.reporting.result import RowId


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
    metrics: dict[str, Any]
    deductions: dict[str, float]
    file_size: int | None
    run_id: RowId
    created_at: datetime


def read_verdicts(
    engine: Engine,
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
    files, runs, quality = (as_sqlalchemy(catalogue.table(name)) for name in (FILE, RUN, QUALITY))
    has_message = catalogue.table(QUALITY).has("failed_validation_message")
    statement = (
        select(
            files.c.agency_slug,
            files.c.file_name,
            runs.c.run_date,
            runs.c.run_hour,
            quality.c.score,
            quality.c.passed,
            (quality.c.failed_validation_message if has_message else null()).label("message"),
            quality.c.metrics,
            quality.c.deductions,
            runs.c.file_size,
            runs.c.id.label("run_id"),
            quality.c.created_at,
        )
        .join_from(runs, files, files.c.id == runs.c.monitoring_file_id)
        .join(quality, quality.c.monitoring_file_run_id == runs.c.id)
        .order_by(runs.c.run_date.desc(), runs.c.run_hour.desc(), files.c.agency_slug, files.c.file_name)
        .limit(limit)
    )
    if agency_slug is not None:
        statement = statement.where(files.c.agency_slug == agency_slug)
    if file_name is not None:
        statement = statement.where(files.c.file_name == file_name)
    with engine.connect() as connection:
        rows = connection.execute(statement).mappings().all()
    objects = ("metrics", "deductions")
    return tuple(VerdictRow(**{**row, **{name: _from_json(row[name]) for name in objects}}) for row in rows)


def read_profile(engine: Engine, catalogue: Catalogue, run_id: RowId) -> dict[str, Any] | None:
    """The profile payload of a run; None when there is none, or no table for them."""
    if PROFILE not in catalogue:
        return None
    profiles = as_sqlalchemy(catalogue.table(PROFILE))
    statement = select(profiles.c.profile_payload).where(profiles.c.monitoring_file_run_id == run_id)
    with engine.connect() as connection:
        payload: dict[str, Any] | None = _from_json(connection.execute(statement).scalar_one_or_none())
        return payload


def _from_json(value: object) -> Any:  # noqa: ANN401 - any JSON value
    """The value of a JSON column; those of web applications are texts sometimes."""
    return json.loads(value) if isinstance(value, str) else value
