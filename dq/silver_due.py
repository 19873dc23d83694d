"""Objects with a verdict whose rows are not in the lake yet, each with what is needed to lift them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Text, and_, cast, or_, select, true

from dq.checks.dimensions import uniqueness
from dq.ledger.tables import object_inbox, silver_load
from dq.reporting.catalogue.expected import FILE, QUALITY, RUN
from dq.reporting.table_writer import as_sqlalchemy
from etl_core.number_set import NumberSet

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from sqlalchemy.engine import Engine

    from dq.reporting.catalogue.catalogue import Catalogue

_I, _L = object_inbox.c, silver_load.c
#: A load that ended in one of these is not begun again by itself.
_ENDED = ("loaded", "replaced", "held", "failed")
_FETCHED = 1000


@dataclass(frozen=True, slots=True)
class DueObject:
    """One version of an object that has a verdict.

    `version_id` and `etag` are those that were read; `run_hour` is 0 to 23, UTC. `fingerprint` is that of the
    definition by which it was judged, None where there was none. `keys_unique`: by the verdict no row repeats a key of
    that definition, or so few that they are tolerated.
    """

    object_id: int
    bucket: str
    key: str
    version_id: str | None
    etag: str | None
    agency_slug: str
    file_name: str
    run_date: date
    run_hour: int
    score: int
    passed: bool
    fingerprint: str | None
    keys_unique: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which objects: of an agency, of a file, of runs from one day to before another; `released` whatever was said.

    `waiting` are not asked for now.
    """

    agency: str | None = None
    file: str | None = None
    since: date | None = None
    until: date | None = None
    released: Collection[int] = ()
    waiting: Collection[int] = ()


def due_objects(engine: Engine, catalogue: Catalogue, wanted: Wanted, limit: int) -> tuple[DueObject, ...]:
    """The objects to lift, in the order of their runs, then of the ledger; `limit` of them at most.

    An object is due when it has a verdict, and the last of its loads that ended was by another definition and began
    before that verdict, or there is none; or when it was released.

    Raises:
        DatabaseUnavailableError: no answer.
    """
    files, runs, quality = (as_sqlalchemy(catalogue.table(name)) for name in (FILE, RUN, QUALITY))
    newest = (
        select(_L.id, _L.definition_fingerprint, _L.started_at)
        .where(_L.object_id == _I.id, _L.state.in_(_ENDED))
        .order_by(_L.id.desc())
        .limit(1)
        .lateral("newest")
    )
    outdated = and_(
        newest.c.definition_fingerprint.is_distinct_from(_I.definition_fingerprint),
        newest.c.started_at < _I.finished_at,
    )
    statement: Any = (
        select(
            _I.id.label("object_id"),
            _I.bucket,
            _I.key,
            _I.read_version_id.label("version_id"),
            _I.read_etag.label("etag"),
            files.c.agency_slug,
            files.c.file_name,
            runs.c.run_date,
            runs.c.run_hour,
            quality.c.score,
            quality.c.passed,
            _I.definition_fingerprint.label("fingerprint"),
            quality.c.metrics,
        )
        .join_from(object_inbox, runs, cast(runs.c.id, Text) == _I.monitoring_file_run_id)
        .join(files, files.c.id == runs.c.monitoring_file_id)
        .join(quality, quality.c.monitoring_file_run_id == runs.c.id)
        .outerjoin(newest, true())
        .where(_I.state == "done", or_(newest.c.id.is_(None), outdated, _I.id.in_(list(wanted.released))))
        .order_by(runs.c.run_date, runs.c.run_hour, _I.id)
        .limit(limit)
    )
    statement = _of_wanted(statement, wanted, files, runs)
    with engine.connect() as connection:
        return tuple(_due(**row) for row in connection.execute(statement).mappings())


def judged_objects(engine: Engine, catalogue: Catalogue, wanted: Wanted) -> NumberSet:
    """The numbers of all objects that have a verdict, lifted or not; there may be any number of them.

    Raises:
        DatabaseUnavailableError: no answer.
    """
    files, runs = (as_sqlalchemy(catalogue.table(name)) for name in (FILE, RUN))
    statement: Any = (
        select(_I.id)
        .join_from(object_inbox, runs, cast(runs.c.id, Text) == _I.monitoring_file_run_id)
        .join(files, files.c.id == runs.c.monitoring_file_id)
        .where(_I.state == "done")
    )
    with engine.connect().execution_options(yield_per=_FETCHED) as connection:
        return NumberSet(connection.scalars(_of_wanted(statement, wanted, files, runs)))


def _of_wanted(statement: Any, wanted: Wanted, files: Any, runs: Any) -> Any:  # noqa: ANN401 - SQLAlchemy's
    """Leave to a statement what is wanted of agency, file and days."""
    if wanted.agency is not None:
        statement = statement.where(files.c.agency_slug == wanted.agency)
    if wanted.file is not None:
        statement = statement.where(files.c.file_name == wanted.file)
    if wanted.since is not None:
        statement = statement.where(runs.c.run_date >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(runs.c.run_date < wanted.until)
    if wanted.waiting:
        statement = statement.where(_I.id.not_in(list(wanted.waiting)))
    if wanted.released:
        statement = statement.where(_I.id.in_(list(wanted.released)))
    return statement


def _due(metrics: Any, **values: Any) -> DueObject:  # noqa: ANN401 - columns
    found = json.loads(metrics) if isinstance(metrics, str) else metrics
    return DueObject(**values, keys_unique=uniqueness.no_key_repeats(found))
