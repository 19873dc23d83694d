"""The lines of `pipeline.audit`: which of them wait, and what became of them.

A line is known by its number, not by a place in an order, and is looked for a day back: one whose transaction is
committed late is found all the same. What is older than that is behind the mark, and its notes are deleted.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, delete, func, insert, literal, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert

from etl_core.audit.table import audit
from etl_core.postgres.locks import tried
from operations.lineage.events.audit_line import AuditLine
from operations.lineage.events.flows import run_event
from operations.lineage.telling.tables import lineage_mark, lineage_told

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection, Engine

    from operations.lineage.events.run_event import RunEvent
    from operations.lineage.telling.facts import FactReader
    from operations.lineage.telling.turn import Outcome

#: How long after its moment a line may come into sight: clocks of machines differ, and transactions take a while.
LATE: Final = timedelta(days=1)
_STEP: Final = timedelta(hours=1)
_A, _T, _M = audit.c, lineage_told.c, lineage_mark.c
_NOT_TOLD = ~select(_T.line).where(_T.line == _A.id).exists()


@dataclass(slots=True)
class AuditLines:
    """As `turn.Lines` says.

    Attributes:
        engine: of the ledger.
        facts: what is known beside the lines.
        keep: for how long lines wait.
    """

    engine: Engine
    facts: FactReader
    keep: timedelta
    _since: datetime | None = field(default=None, init=False)
    _after: AuditLine | None = field(default=None, init=False)

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Hold a lock as long as the block runs; False where another process has it."""
        with tried(self.engine, "lineage") as is_free:
            yield is_free

    def give_up(self, now: datetime) -> int:
        """Move the mark to where lines are not too old; how many before it were not told. The first time: none."""
        floor = now - self.keep
        with self.engine.begin() as connection:
            mark = connection.scalar(select(_M.done_before))
            if mark is None:
                connection.execute(upsert(lineage_mark).values(only_row=True, done_before=floor, given_up=0))
            self._since, self._after, lost = floor if mark is None else max(mark, floor), None, 0
            if mark is not None and mark < floor:
                between = and_(_A.at >= mark, _A.at < floor, _NOT_TOLD)
                lost = connection.scalar(select(func.count()).select_from(audit).where(between)) or 0
                self._move(connection, floor, lost)
        return lost

    def waiting(self, most: int) -> Sequence[AuditLine]:
        """The oldest lines since the mark that were not told, behind those that were given before in this turn."""
        query = select(audit).where(_A.at >= self._since, _NOT_TOLD).order_by(_A.at, _A.id).limit(most)
        if self._after is not None:
            query = query.where(tuple_(_A.at, _A.id) > tuple_(literal(self._after.at), literal(self._after.id)))
        with self.engine.connect() as connection:
            found = [_line(row) for row in connection.execute(query).mappings()]
        self._after = found[-1] if found else self._after
        return found

    def event(self, line: AuditLine) -> RunEvent:
        """What is told of a line."""
        return run_event(line, self.facts(line))

    def note(self, outcomes: Sequence[tuple[AuditLine, Outcome]], now: datetime) -> None:
        """Note what became of lines, all in one transaction."""
        if outcomes:
            rows = [{"line": one.id, "at": one.at, "outcome": outcome, "told_at": now} for one, outcome in outcomes]
            with self.engine.begin() as connection:
                connection.execute(insert(lineage_told), rows)

    def settle(self, now: datetime) -> None:
        """Move the mark behind all lines that are told and will have no older neighbours; forget their notes.

        It moves by an hour at least: what is left to look for is a day's lines, or a little more.
        """
        if self._since is None or now - min(LATE, self.keep) - self._since < _STEP:
            return
        with self.engine.begin() as connection:
            oldest = connection.scalar(select(func.min(_A.at)).where(_A.at >= self._since, _NOT_TOLD))
            before = now - min(LATE, self.keep)
            before = before if oldest is None else min(before, oldest)
            if before > self._since:
                self._move(connection, before, 0)

    def _move(self, connection: Connection, before: datetime, lost: int) -> None:
        connection.execute(update(lineage_mark).values(done_before=before, given_up=_M.given_up + lost))
        connection.execute(delete(lineage_told).where(_T.at < before))


def _line(row: Any) -> AuditLine:  # noqa: ANN401 - a mapping of columns
    known = {name: row[name] for name in AuditLine.__dataclass_fields__}
    return AuditLine(**known | {name: tuple(map(str, row[name] or ())) for name in ("inputs", "outputs")})
