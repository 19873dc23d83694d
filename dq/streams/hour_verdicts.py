"""The verdict of an hour of a stream, made anew as the hour grows: a run like that of a file, in the same tables."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import and_, delete, insert, select

from dq.events.object_version import ObjectVersion
from dq.ledger.profile_states import RunProfile, keep_profile
from dq.profiling.profile.codec import ProfileCodecError, decode_profile, encode_profile
from dq.profiling.profile.file_profile import FileProfile
from dq.profiling.profile.profile_state import state_of
from dq.profiling.profile.state_codec import encode_state
from dq.profiling.summary.summarise import FileFacts, summarise
from dq.profiling.summary.summary import FileSummary
from dq.reporting.result import RunResult
from dq.streams.tables import stream_hour_part
from dq.verdict.judge import judge
from etl_core.postgres.locks import lock
from etl_core.postgres.transaction import begin
from etl_core.storable import storable

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.engine import Connection, Engine

    from dq.reporting.reporting import ReportingStore
    from dq.reporting.result import MonitoredFile
    from dq.streams.record_checks import RecordChecks
    from dq.verdict.verdict import Verdict

log = structlog.get_logger()

_C = stream_hour_part.c
_READER = "stream"
#: The stated error of a distinct count that is not known.
_UNKNOWN = 1.0


@dataclass(frozen=True, slots=True)
class StreamQuality:
    """Which stream is judged, by what, and whose file its hours are runs of."""

    flow: str
    agency: str
    file: str
    checks: RecordChecks


@dataclass(frozen=True, slots=True)
class JudgedHour:
    """An hour and its verdict; `records` are those it was made from."""

    hour: datetime
    verdict: Verdict
    records: int


class HourVerdicts:
    """Makes the verdicts of the hours of one stream."""

    def __init__(
        self, engine: Engine, reporting: ReportingStore, quality: StreamQuality, *, creates_file: bool, keeps: bool
    ) -> None:
        """Judge nothing yet.

        Args:
            engine: of the ledger and the reporting tables.
            reporting: writes runs.
            quality: of which stream.
            creates_file: the file is added to the reporting tables where nobody configured it.
            keeps: the profile of a run is kept, to be merged with others.
        """
        self._engine, self._reporting, self._quality = engine, reporting, quality
        self._creates_file, self._keeps = creates_file, keeps
        self._told = False

    def due(self) -> list[datetime]:
        """The hours some of whose records are in no verdict yet, the oldest first."""
        query = select(_C.hour).distinct().where(self._of_flow(), ~_C.is_judged).order_by(_C.hour)
        with self._engine.connect() as connection:
            return list(connection.execute(query).scalars())

    def judge(self, hour: datetime, now: datetime) -> JudgedHour | None:
        """Put the parts of an hour together and write its verdict; None where its file is not configured.

        Raises:
            DatabaseUnavailableError: no answer; nothing was changed.
        """
        quality = self._quality
        with begin(self._engine) as transaction:
            connection = transaction.connection
            lock(connection, "stream", quality.flow, "hour", hour.isoformat())
            file = self._file(connection, now)
            if file is None:
                return None
            part = self._put_together(connection, hour)
            if part is None:
                return None
            summary = summary_of(part.profile, quality.checks, part.bytes)
            verdict = judge(summary, replace(quality.checks.framed.plan, run_start=hour))
            version = ObjectVersion(_READER, f"{quality.flow}/{hour.isoformat()}", part.newest, None)
            result = RunResult(file, hour.date(), hour.hour, part.bytes, version, verdict, now)
            saved = self._reporting.save(transaction, result)
            if self._keeps and saved.state == "done":
                state = _state(part, quality, hour)
                run = RunProfile(saved.run_id, file.id, file.agency_slug, file.file_name, hour.date(), hour.hour, state)
                keep_profile(transaction, run, now)
            return JudgedHour(hour, verdict, part.records)

    def _file(self, connection: Connection, now: datetime) -> MonitoredFile | None:
        pair = (self._quality.agency, self._quality.file)
        found = self._reporting.monitored_files(connection, [pair]).get(pair)
        if found is None and self._creates_file:
            found = self._reporting.create_placeholder(connection, *pair, f"stream:{self._quality.flow}", now)
        if found is None and not self._told:
            self._told = True
            log.warning(
                "the hours of this stream wait for their file: nobody configured it", agency=pair[0], file=pair[1]
            )
        return found

    def _put_together(self, connection: Connection, hour: datetime) -> _Part | None:
        """Make one part of all those of this definition; those of others stay as they are, and are done with."""
        fingerprint = self._quality.checks.definition.fingerprint
        of_hour = and_(self._of_flow(), _C.hour == hour, _C.fingerprint == fingerprint)
        found: _Part | None = None
        ids: list[int] = []
        for row in connection.execute(select(stream_hour_part).where(of_hour).order_by(_C.id)):
            ids.append(row.id)
            try:
                part = _Part(decode_profile(bytes(row.profile)), row.records, row.bytes, row.newest)
            except ProfileCodecError as error:
                log.warning("an hour of this stream is counted anew from here on", hour=hour, error=error)
                continue
            found = part if found is None else found + part
        others = and_(self._of_flow(), _C.hour == hour, _C.fingerprint != fingerprint)
        if connection.execute(delete(stream_hour_part).where(others)).rowcount:
            log.warning("an hour of this stream is counted anew: its definition changed", hour=hour)
        if found is None:
            return None
        found = replace(found, profile=found.profile.settled(0))
        # Those that were read and no others: the stream goes on adding some.
        connection.execute(delete(stream_hour_part).where(_C.id.in_(ids)))
        values = {
            "flow": storable(self._quality.flow),
            "hour": hour,
            "fingerprint": fingerprint,
            "records": found.records,
            "bytes": found.bytes,
            "newest": found.newest,
            "profile": encode_profile(found.profile),
            "is_judged": True,
        }
        connection.execute(insert(stream_hour_part).values(values))
        return found

    def _of_flow(self) -> ColumnElement[bool]:
        return _C.flow == storable(self._quality.flow)


@dataclass(frozen=True, slots=True)
class _Part:
    """Some records of an hour."""

    profile: FileProfile
    records: int
    bytes: int
    newest: datetime

    def __add__(self, other: _Part) -> _Part:
        return _Part(
            self.profile + other.profile,
            self.records + other.records,
            self.bytes + other.bytes,
            max(self.newest, other.newest),
        )


def summary_of(profile: FileProfile, checks: RecordChecks, size: int) -> FileSummary:
    """Give the figures of an hour, its lines settled; how many values a sensitive field has is not known."""
    header = tuple(column.name for column in checks.recipe.columns)
    summary = summarise(profile, checks.recipe, checks.definition, FileFacts(header, size, _READER))
    hidden = checks.framed.plan.sensitive
    if not hidden:
        return summary
    columns = (
        replace(one, distinct=0, distinct_error=_UNKNOWN) if one.name in hidden else one for one in summary.columns
    )
    return replace(summary, columns=tuple(columns))


def _state(part: _Part, quality: StreamQuality, hour: datetime) -> bytes:
    source = f"stream {quality.flow} {hour.isoformat()}"
    return encode_state(
        state_of(part.profile, quality.checks.recipe, quality.checks.definition, source=source, size=part.bytes)
    )
