"""The profiles of runs that the ledger keeps, and what those of many runs say together.

A run has the profile of its newest verdict: a restated file replaces it, in the transaction that replaces the verdict.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Text, and_, any_, bindparam, case, cast, delete, exists, func, literal, select, true

from dq.ledger.aging.tables import profile_day
from dq.ledger.tables import profile_state
from dq.profiling.profile.codec import ProfileCodecError
from dq.profiling.profile.profile_state import ProfileState
from dq.profiling.profile.state_codec import decode_state
from etl_core.postgres.rights import has_table
from etl_core.postgres.transaction import prepare
from etl_core.storable import storable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

    from sqlalchemy import ColumnElement, CompoundSelect, Row, Select, Table
    from sqlalchemy.engine import Engine

    from etl_core.postgres.transaction import Transaction

_C, _D = profile_state.c, profile_day.c
_DELETION = prepare(delete(profile_state).where(_C.monitoring_file_run_id == bindparam("run_id")))
#: States fetched at a time; each may have some megabytes.
_FETCHED = 8
#: Refused profiles that are named, the others are counted.
_MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class RunProfile:
    """The profile of one run. `state` is what `encode_state` wrote, empty where the file could not be parsed."""

    run_id: object
    file_id: object
    agency_slug: str
    file_name: str
    run_date: date
    run_hour: int
    state: bytes = b""


@dataclass(frozen=True, slots=True)
class RunQuery:
    """Which runs: those that fit all that is given. The dates are run dates (UTC), both included."""

    agency_slug: str | None = None
    file_name: str | None = None
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class MergedProfile:
    """The profile of all runs of a query: runs = merged + unparsed + refused, always.

    `merged` is the sum of their states, with as many files. `unparsed` runs had a file that could not be parsed.
    `refused` states were written by a version whose figures cannot be merged with those of this one; `refusals` says
    why for the first of them.
    """

    runs: int
    merged: ProfileState
    unparsed: int = 0
    refused: int = 0
    refusals: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Hold the equation: no run is left out without being named."""
        if self.runs != self.merged.files + self.unparsed + self.refused:
            raise AssertionError(
                f"runs were lost: {self.runs} found, {self.merged.files} merged, {self.unparsed} unparsed, "
                f"{self.refused} refused"
            )


def keep_profile(transaction: Transaction, profile: RunProfile, now: datetime) -> None:
    """Write a run's profile in place of the one that was there; the caller holds the run's lock and the transaction."""
    values = {
        "monitoring_file_run_id": str(profile.run_id),
        "monitoring_file_id": str(profile.file_id),
        "agency_slug": storable(profile.agency_slug),
        "file_name": storable(profile.file_name),
        "run_date": profile.run_date,
        "run_hour": profile.run_hour,
        "state": profile.state or None,
        "updated_at": now,
    }
    transaction.send(_DELETION, {"run_id": values["monitoring_file_run_id"]})
    transaction.copy(profile_state, values)


def profile_of(engine: Engine, query: RunQuery) -> MergedProfile:
    """Merge the profiles of all runs of `query`; no file is read, and a few states are held at a time.

    Runs whose profiles are no longer kept are in those of their days (`dq.ledger.aging.day_states`).

    Raises:
        DatabaseUnavailableError: no answer.
    """
    merged, runs, unparsed, refused, refusals = ProfileState(), 0, 0, 0, list[str]()
    for row in _rows(engine, query):
        runs += row.runs
        unparsed += row.unparsed
        if row.state is None:
            continue
        try:
            merged += decode_state(bytes(row.state))
        except ProfileCodecError as error:
            refused += row.runs - row.unparsed
            refusals.append(f"{row.agency_slug}/{row.file_name} {row.run_date} {row.what}: {error}")
    return MergedProfile(runs, merged, unparsed, refused, tuple(refusals[:_MOST_NAMED]))


def last_profiles(engine: Engine, query: RunQuery, most: int) -> list[tuple[str, ProfileState]]:
    """The newest `most` kept profiles of `query`, oldest first, each with its file and window.

    What was not parsed, or cannot be merged with this version's figures, is left out.

    Raises:
        DatabaseUnavailableError: no answer.
    """
    statement = (
        select(profile_state)
        .where(_condition(query), _C.state.is_not(None))
        .order_by(_C.run_date.desc(), _C.run_hour.desc(), _C.agency_slug, _C.file_name)
        .limit(most)
    )
    found = []
    with engine.connect() as connection:
        for row in connection.execute(statement):
            with suppress(ProfileCodecError):
                label = f"{row.agency_slug}/{row.file_name} {row.run_date} {row.run_hour:02d}h"
                found.append((label, decode_state(bytes(row.state))))
    return found[::-1]


def _rows(engine: Engine, query: RunQuery) -> Iterator[Row[tuple[Any, ...]]]:
    """The profiles of runs, and of days whose runs have none of their own any more, in the order of their dates."""
    with engine.connect().execution_options(yield_per=_FETCHED) as connection:
        runs = _runs(query)
        statement: Select[Any] | CompoundSelect[Any] = runs
        if has_table(connection, profile_day.fullname):
            in_day = exists().where(
                _D.monitoring_file_id == _C.monitoring_file_id,
                _D.run_date == _C.run_date,
                _C.monitoring_file_run_id == any_(_D.runs),
            )
            statement = runs.where(~in_day).union_all(_days(query))
        yield from connection.execute(statement.order_by("run_date", "run_hour", "agency_slug"))


def _runs(query: RunQuery) -> Select[Any]:
    unparsed = case((_C.state.is_(None), 1), else_=0).label("unparsed")
    what = func.concat(func.lpad(cast(_C.run_hour, Text), 2, "0"), "h (run ", _C.monitoring_file_run_id, ")")
    columns = (_C.agency_slug, _C.file_name, _C.run_date, _C.run_hour, _C.state)
    return select(*columns, literal(1).label("runs"), unparsed, what.label("what")).where(_condition(query))


def _days(query: RunQuery) -> Select[Any]:
    runs = func.cardinality(_D.runs)
    columns = (_D.agency_slug, _D.file_name, _D.run_date, literal(0).label("run_hour"), _D.state)
    what = func.concat("(", runs, " runs of the day)").label("what")
    return select(*columns, runs.label("runs"), _D.unparsed, what).where(_condition(query, profile_day))


def _condition(query: RunQuery, table: Table = profile_state) -> ColumnElement[bool]:
    columns = table.c
    wanted = [
        None if query.agency_slug is None else columns.agency_slug == storable(query.agency_slug),
        None if query.file_name is None else columns.file_name == storable(query.file_name),
        None if query.since is None else columns.run_date >= query.since,
        None if query.until is None else columns.run_date <= query.until,
    ]
    return and_(true(), *(one for one in wanted if one is not None))
