"""One run of retention: profiles of runs become those of days, then old rows go, table by table."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text

from dq import OLD_LEDGER_ROWS, MergedDays, merge_days, runs_to_merge
from etl_core.errors import CatalogueError
from etl_core.postgres.aging import Aged, count_aged, delete_aged, is_there
from etl_core.postgres.rights import missing_on_table
from operations.retention.old_rows import OLD_ROWS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy.engine import Connection, Engine

    from etl_core.postgres.aging import Aging

STATES, DAYS = "pipeline.profile_state", "pipeline.profile_day"
_SIZE = text("SELECT pg_total_relation_size(to_regclass(:table))")
_MEMBER = text("SELECT pg_has_role(relowner, 'MEMBER') FROM pg_class WHERE oid = to_regclass(:table)")
#: Sizes below which it is not worth a word to give space back, in bytes.
_WORTH_A_WORD = 10_000_000


@dataclass(frozen=True, slots=True)
class Kept:
    """Since when what is kept: `history` and `states`, aware."""

    history: datetime
    states: datetime


def kept_since(now: datetime, history_days: int, states_days: int) -> Kept:
    """Since when what is kept, by days; the whole of the first day (UTC) is."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return Kept(midnight - timedelta(days=history_days), midnight - timedelta(days=states_days))


@dataclass(frozen=True, slots=True)
class TableOutcome:
    """What became of a table: rows that went or would go, its size before and after in bytes (with indexes)."""

    table: str
    rows: int
    before: int
    after: int
    longest: float = 0.0
    pages_left: int = 0

    @property
    def advice(self) -> str:
        """What to do with the space, as a sentence; "" where there is nothing to say."""
        if not self.rows or self.after < _WORTH_A_WORD:
            return ""
        return f"VACUUM (ANALYZE) {self.table}"


@dataclass(slots=True)
class Outcome:
    """What a run of retention did, or would do."""

    kept: Kept
    tables: list[TableOutcome] = field(default_factory=list)
    days: MergedDays = field(default_factory=MergedDays)
    runs_to_merge: int = 0
    is_whole: bool = True

    @property
    def rows(self) -> int:
        """How many rows went."""
        return sum(one.rows for one in self.tables)

    @property
    def longest(self) -> float:
        """Seconds that the longest transaction took that deleted rows."""
        return max((one.longest for one in self.tables), default=0.0)


def agings(connection: Connection) -> tuple[Aging, ...]:
    """The tables that are there, in the order in which they are gone through."""
    return tuple(one for one in (*OLD_LEDGER_ROWS, *OLD_ROWS) if is_there(connection, one))


def what_would_go(engine: Engine, kept: Kept) -> Outcome:
    """Count what `retain` would delete and merge; nothing is changed.

    Rows of loads that go after those of their objects are counted by what is there now.
    """
    outcome = Outcome(kept)
    with engine.connect() as connection:
        for aging in agings(connection):
            size = _size(connection, aging.table)
            outcome.tables.append(TableOutcome(aging.table, count_aged(connection, aging, kept.history), size, size))
            connection.rollback()
    outcome.runs_to_merge = runs_to_merge(engine, kept.states.date())
    return outcome


def retain(
    engine: Engine, kept: Kept, now: datetime, is_stopped: Callable[[], bool] = lambda: False, *, vacuums: bool = False
) -> Outcome:
    """Merge the profiles of old days, then delete what is older than what is kept.

    Args:
        engine: of `etl_core.postgres.database.connect`.
        kept: since when what is kept.
        now: aware.
        is_stopped: whether to stop between two transactions.
        vacuums: make the space of what went free for new rows at once.

    Raises:
        CatalogueError: this role may not delete; lists every right that is missing.
        DatabaseUnavailableError: no answer.
    """
    outcome = Outcome(kept)
    with engine.connect() as connection:
        tables = agings(connection)
        _require_rights(connection, tables)
        before = {name: _size(connection, name) for name in {DAYS, *(one.table for one in tables)}}
    outcome.runs_to_merge = runs_to_merge(engine, kept.states.date())
    for merged in merge_days(engine, kept.states.date(), now):
        outcome.days += merged
        if is_stopped():
            outcome.is_whole = False
            break
    gone = list[Aged]()
    for aging in tables:
        if is_stopped():
            outcome.is_whole = False
            break
        aged = delete_aged(engine, aging, kept.history, now, is_stopped)
        outcome.is_whole = outcome.is_whole and aged.is_whole
        gone.append(aged)
    if vacuums:
        changed = {one.table for one in gone if one.rows} | ({STATES} if outcome.days.merged else set())
        _vacuum(engine, sorted(changed))
    with engine.connect() as connection:
        for one in gone:
            merged_too = outcome.days.merged + outcome.days.restated if one.table == STATES else 0
            outcome.tables.append(
                TableOutcome(
                    one.table,
                    one.rows + merged_too,
                    before[one.table],
                    _size(connection, one.table),
                    one.longest,
                    one.pages_left,
                )
            )
    return outcome


def _require_rights(connection: Connection, tables: Sequence[Aging]) -> None:
    problems = [
        problem for one in tables for problem in missing_on_table(connection, one.table, ("SELECT", "UPDATE", "DELETE"))
    ]
    problems += [
        f"the trigger of {one.table} has to be off meanwhile, and this role does not own the table"
        for one in tables
        if one.trigger and not connection.scalar(_MEMBER, {"table": one.table})
    ]
    if problems:
        hint = "run `retain` as who owns the tables, such as a member of pipeline_owner (conf/sql/roles.sql)"
        raise CatalogueError("what is old cannot be deleted by this role", [*problems, hint])


def _size(connection: Connection, table: str) -> int:
    return int(connection.execute(_SIZE, {"table": table}).scalar_one() or 0)


def _vacuum(engine: Engine, tables: Sequence[str]) -> None:
    """Free the space of what went; readers and writers go on meanwhile."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SET statement_timeout = 0"))
        for table in tables:
            connection.execute(text(f"VACUUM (ANALYZE) {table}"))
        connection.execute(text("RESET statement_timeout"))
        connection.invalidate()
