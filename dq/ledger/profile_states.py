"""The profiles of runs that the ledger keeps, and what those of many runs say together.

A run has the profile of its newest verdict: a restated file replaces it, in the transaction that replaces the verdict.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import and_, bindparam, delete, select, true

from dq.ledger.tables import profile_state
from dq.profiling.profile.codec import ProfileCodecError
from dq.profiling.profile.profile_state import ProfileState
from dq.profiling.profile.state_codec import decode_state
from etl_core.postgres.transaction import prepare
from etl_core.storable import storable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

    from sqlalchemy import ColumnElement, Row
    from sqlalchemy.engine import Engine

    from etl_core.postgres.transaction import Transaction

_C = profile_state.c
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

    Raises:
        DatabaseUnavailableError: no answer.
    """
    merged, runs, unparsed, refusals = ProfileState(), 0, 0, []
    for row in _rows(engine, query):
        runs += 1
        if row.state is None:
            unparsed += 1
            continue
        try:
            merged += decode_state(bytes(row.state))
        except ProfileCodecError as error:
            name = f"{row.agency_slug}/{row.file_name} {row.run_date} {row.run_hour:02d}h"
            refusals.append(f"{name} (run {row.monitoring_file_run_id}): {error}")
    return MergedProfile(runs, merged, unparsed, len(refusals), tuple(refusals[:_MOST_NAMED]))


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


def _rows(engine: Engine, query: RunQuery) -> Iterator[Row[tuple[object, ...]]]:
    statement = select(profile_state).where(_condition(query)).order_by(_C.run_date, _C.run_hour, _C.agency_slug)
    with engine.connect().execution_options(yield_per=_FETCHED) as connection:
        yield from connection.execute(statement)


def _condition(query: RunQuery) -> ColumnElement[bool]:
    wanted = [
        None if query.agency_slug is None else _C.agency_slug == storable(query.agency_slug),
        None if query.file_name is None else _C.file_name == storable(query.file_name),
        None if query.since is None else _C.run_date >= query.since,
        None if query.until is None else _C.run_date <= query.until,
    ]
    return and_(true(), *(one for one in wanted if one is not None))
