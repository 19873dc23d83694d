"""Kept profiles of runs become those of days: merged exactly, for states are made to be merged.

A day is merged and its runs' profiles go in one transaction. A day once merged stands: the profile of a run that is
in it, and comes again because its file was restated, is not counted a second time; those of other runs are merged
into it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import and_, delete, exists, func, insert, or_, select, update

from dq.ledger.aging.tables import profile_day
from dq.ledger.tables import profile_state
from dq.profiling.profile.codec import ProfileCodecError
from dq.profiling.profile.profile_state import ProfileState
from dq.profiling.profile.state_codec import decode_state, encode_state
from etl_core.postgres.locks import lock

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date, datetime

    from sqlalchemy import ColumnElement, Row, Table
    from sqlalchemy.engine import Connection, Engine

_S, _D = profile_state.c, profile_day.c
#: Days that are looked for at a time, and those of a single run that are taken over in one transaction.
_TOGETHER = 100


class DayOfFile(NamedTuple):
    """A file and a day (UTC), and how many runs of it have a profile of their own."""

    run_date: date
    file_id: str
    runs: int


@dataclass(frozen=True, slots=True)
class MergedDays:
    """What became of the profiles of runs: those `merged` into days, of which `unparsed` had no state.

    `restated` were in a merged day already and went without being counted again. `refused` were written by a version
    whose figures cannot be merged with those of this one, or changed meanwhile; they stay.
    """

    merged: int = 0
    unparsed: int = 0
    restated: int = 0
    refused: int = 0
    days: int = 0

    def __add__(self, other: MergedDays) -> MergedDays:
        """Count both."""
        return MergedDays(
            self.merged + other.merged,
            self.unparsed + other.unparsed,
            self.restated + other.restated,
            self.refused + other.refused,
            self.days + other.days,
        )


def runs_to_merge(engine: Engine, before: date) -> int:
    """How many runs of days before this one have a profile of their own."""
    with engine.connect() as connection:
        return connection.execute(select(func.count()).where(_S.run_date < before)).scalar_one()


def merge_days(engine: Engine, before: date, now: datetime) -> Iterator[MergedDays]:
    """Merge the profiles of all days before this one, by file; what was done, some days at a time.

    Args:
        engine: of `etl_core.postgres.database.connect`.
        before: the first day (UTC) whose runs keep profiles of their own.
        now: aware.

    Raises:
        DatabaseUnavailableError: no answer.
    """
    after = None
    while days := _days(engine, before, after):
        after = days[-1]
        taken = _take_over(engine, [day for day in days if day.runs == 1], now)
        yield MergedDays(len(taken), sum(taken.values()), days=len(taken))
        for day in days:
            if (day.run_date, day.file_id) not in taken:
                yield merge_day(engine, day, now)


def _days(engine: Engine, before: date, after: DayOfFile | None) -> list[DayOfFile]:
    key = (_S.run_date, _S.monitoring_file_id)
    query = select(*key, func.count()).where(_S.run_date < before)
    if after is not None:
        later = and_(_S.run_date == after.run_date, _S.monitoring_file_id > after.file_id)
        query = query.where(or_(_S.run_date > after.run_date, later))
    with engine.connect() as connection:
        return [DayOfFile(*row) for row in connection.execute(query.group_by(*key).order_by(*key).limit(_TOGETHER))]


def _of_day(table: Table, day: DayOfFile) -> ColumnElement[bool]:
    return and_(table.c.run_date == day.run_date, table.c.monitoring_file_id == day.file_id)


def _take_over(engine: Engine, days: Sequence[DayOfFile], now: datetime) -> dict[tuple[date, str], bool]:
    """Days of a single run, without a profile of the day yet: its profile is that of the day, as it is.

    Returns:
        Those that were taken over, each with whether its file was not parsed.
    """
    if not days:
        return {}
    wanted = or_(*(_of_day(profile_state, day) for day in days))
    in_day = exists().where(_D.monitoring_file_id == _S.monitoring_file_id, _D.run_date == _S.run_date)
    with engine.begin() as connection:
        # Another run of the day may have come since it was counted.
        rows = connection.execute(select(profile_state).where(wanted, ~in_day).with_for_update()).all()
        of_day: dict[tuple[date, str], list[Row[tuple[object, ...]]]] = {}
        for row in rows:
            of_day.setdefault((row.run_date, row.monitoring_file_id), []).append(row)
        alone = [found[0] for found in of_day.values() if len(found) == 1]
        if not alone:
            return {}
        connection.execute(
            insert(profile_day),
            [
                {
                    "monitoring_file_id": row.monitoring_file_id,
                    "run_date": row.run_date,
                    "agency_slug": row.agency_slug,
                    "file_name": row.file_name,
                    "runs": [row.monitoring_file_run_id],
                    "unparsed": int(row.state is None),
                    "state": row.state,
                    "updated_at": now,
                }
                for row in alone
            ],
        )
        _delete(connection, [row.monitoring_file_run_id for row in alone])
    return {(row.run_date, row.monitoring_file_id): row.state is None for row in alone}


def merge_day(engine: Engine, day: DayOfFile, now: datetime) -> MergedDays:
    """Merge the profiles of a day's runs into that of the day.

    They are read and merged before anything is locked; what changed meanwhile is left for the next time.
    """
    with engine.connect() as connection:
        known = connection.execute(select(profile_day).where(_of_day(profile_day, day))).one_or_none()
        query = select(profile_state).where(_of_day(profile_state, day))
        rows = connection.execute(query.order_by(_S.run_hour, _S.monitoring_file_run_id)).all()
    before = frozenset(() if known is None else known.runs)
    restated = [row for row in rows if row.monitoring_file_run_id in before]
    new = [row for row in rows if row.monitoring_file_run_id not in before]
    try:
        merged = ProfileState() if known is None or known.state is None else decode_state(bytes(known.state))
    except ProfileCodecError:
        return MergedDays(refused=len(rows))
    taken, refused = [], 0
    for row in new:
        try:
            merged += ProfileState() if row.state is None else decode_state(bytes(row.state))
        except ProfileCodecError:
            refused += 1
            continue
        taken.append(row)
    unparsed = sum(row.state is None for row in taken)
    runs = [*(() if known is None else known.runs), *(row.monitoring_file_run_id for row in taken)]
    all_unparsed = unparsed + (0 if known is None else int(known.unparsed))
    values = {
        "runs": runs,
        "unparsed": all_unparsed,
        "state": encode_state(merged) if merged.files else None,
        "updated_at": now,
    }
    going = [*taken, *restated]
    if len(runs) != merged.files + all_unparsed:
        raise AssertionError(f"runs were lost: {len(runs)} in the day, {merged.files} merged")
    with engine.begin() as connection:
        lock(connection, "profile_day", day.file_id, day.run_date)
        if not _are_unchanged(connection, day, known, going):
            return MergedDays(refused=len(rows))
        if taken and known is None:
            name = {"agency_slug": taken[0].agency_slug, "file_name": taken[0].file_name}
            of_day = {"monitoring_file_id": day.file_id, "run_date": day.run_date}
            connection.execute(insert(profile_day).values(**of_day, **name, **values))
        elif taken:
            connection.execute(update(profile_day).where(_of_day(profile_day, day)).values(**values))
        _delete(connection, [row.monitoring_file_run_id for row in going])
    return MergedDays(len(taken), unparsed, len(restated), refused, days=int(bool(taken) and known is None))


def _are_unchanged(
    connection: Connection,
    day: DayOfFile,
    known: Row[tuple[object, ...]] | None,
    going: Sequence[Row[tuple[object, ...]]],
) -> bool:
    """Whether all is as it was read; the rows that go are held from then on."""
    stands = connection.execute(select(_D.updated_at, _D.runs).where(_of_day(profile_day, day))).one_or_none()
    if (stands is None) != (known is None) or (stands and known and tuple(stands) != (known.updated_at, known.runs)):
        return False
    ids = [row.monitoring_file_run_id for row in going]
    query = select(_S.monitoring_file_run_id, _S.updated_at).where(_S.monitoring_file_run_id.in_(ids))
    there = {row[0]: row[1] for row in connection.execute(query.order_by(_S.monitoring_file_run_id).with_for_update())}
    return there == {row.monitoring_file_run_id: row.updated_at for row in going}


def _delete(connection: Connection, run_ids: Sequence[str]) -> None:
    connection.execute(delete(profile_state).where(_S.monitoring_file_run_id.in_(run_ids)))
