"""Deleting the old rows of a table, however many there are, without holding any of them, or a lock, for long.

A table is gone through once, some of its pages in each transaction; no index is needed. How many pages that are follows
from how long the last ones took. Rows that somebody else holds are left for the next time. What was deleted stays
deleted: who was killed begins anew and finds the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, text

from etl_core.errors import DatabaseUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy.engine import Connection, Engine

#: Seconds that a transaction should take, and may take unless it is about a single page.
WANTED, MOST = 0.2, 0.8
_FIRST_PAGES, _MOST_PAGES = 16, 4096
#: How long a transaction waits for a lock before it leaves its pages for the next time.
_LOCK_MILLISECONDS = 400
_LOCKED, _CANCELLED = "55P03", "57014"
_SIZE = text("SELECT pg_relation_size(to_regclass(:table)) / current_setting('block_size')::bigint")


@dataclass(frozen=True, slots=True)
class Aging:
    """Which rows of a table are old. The texts are SQL of ours; none comes from outside.

    Attributes:
        table: as `schema.name`.
        condition: on a row of it, called `aged`, from WHERE on; `:before` is the moment since which rows are kept.
        columns: those that the condition needs.
        remembered: a statement on the rows of `gone` that is carried out with the deletion; `:now` is the present.
        returned: of each deleted row, what `gone` has, from RETURNING on.
        trigger: of the table, to be off meanwhile; only the owner can do that.
    """

    table: str
    condition: str
    columns: tuple[str, ...]
    remembered: str = ""
    returned: str = "RETURNING 1"
    trigger: str = ""


@dataclass(frozen=True, slots=True)
class Aged:
    """What was deleted of a table: rows, the seconds of the longest transaction, pages left since others held locks."""

    table: str
    rows: int
    longest: float = 0.0
    pages_left: int = 0
    is_whole: bool = True


def is_there(connection: Connection, aging: Aging) -> bool:
    """Whether the table is there with the columns of the condition."""
    query = text(
        "SELECT count(*) FROM pg_attribute WHERE attrelid = to_regclass(:table) AND NOT attisdropped"
        " AND attname = ANY(:columns)"
    )
    found = connection.execute(query, {"table": aging.table, "columns": list(aging.columns)}).scalar_one()
    return bool(found == len(set(aging.columns)))


def count_aged(connection: Connection, aging: Aging, before: datetime) -> int:
    """How many rows would go."""
    connection.execute(text("SET LOCAL statement_timeout = 0"))
    query = text(f"SELECT count(*) FROM {aging.table} AS aged {aging.condition}")  # noqa: S608 - of ours
    return int(connection.execute(query, {"before": before}).scalar_one())


def delete_aged(
    engine: Engine, aging: Aging, before: datetime, now: datetime, is_stopped: Callable[[], bool] = lambda: False
) -> Aged:
    """Delete the old rows of a table.

    Args:
        engine: of `etl_core.postgres.database.connect`.
        aging: which rows.
        before: aware; the moment since which rows are kept.
        now: aware.
        is_stopped: whether to stop between two transactions.

    Raises:
        DatabaseUnavailableError: no answer.
        CatalogueError: this role may not.
    """
    with engine.connect() as connection:
        end = int(connection.execute(_SIZE, {"table": aging.table}).scalar_one() or 0)
    page, pages, rows, longest, left = 0, _FIRST_PAGES, 0, 0.0, 0
    while page < end:
        if is_stopped():
            return Aged(aging.table, rows, longest, left, is_whole=False)
        began = monotonic()
        try:
            rows += _delete(engine, aging, {"before": before, "now": now}, (page, page + pages))
        except DatabaseUnavailableError as error:
            code = getattr(error.__cause__, "pgcode", None)
            if code == _CANCELLED and pages > 1:
                pages = max(pages // 4, 1)
                continue
            if code != _LOCKED:
                raise
            left += min(pages, end - page)
        page += pages
        seconds = monotonic() - began
        longest = max(longest, seconds)
        pages = next_pages(pages, seconds)
    return Aged(aging.table, rows, longest, left)


def next_pages(pages: int, seconds: float) -> int:
    """How many pages to take next, when so many took so long."""
    if seconds > WANTED:
        return max(pages // 2, 1)
    return min(pages * 2, _MOST_PAGES) if seconds < WANTED / 3 else pages


def _delete(engine: Engine, aging: Aging, given: dict[str, datetime], place: tuple[int, int]) -> int:
    first, end = place
    remembered = f", noted AS ({aging.remembered})" if aging.remembered else ""
    statement = text(f"""
        WITH picked AS MATERIALIZED (
            SELECT aged.ctid FROM {aging.table} AS aged
            {aging.condition} AND aged.ctid >= CAST(:first AS tid) AND aged.ctid < CAST(:end AS tid)
            FOR UPDATE OF aged SKIP LOCKED),
        gone AS (
            DELETE FROM {aging.table} AS aged WHERE aged.ctid = ANY(ARRAY(SELECT ctid FROM picked))
            {aging.returned}){remembered}
        SELECT count(*) FROM gone
    """)  # noqa: S608 - texts of ours
    statement = statement.bindparams(bindparam("first", f"({first},0)"), bindparam("end", f"({end},0)"))
    with engine.begin() as connection:
        connection.execute(text(f"SET LOCAL lock_timeout = {_LOCK_MILLISECONDS}"))
        if end - first > 1:
            connection.execute(text(f"SET LOCAL statement_timeout = {int(MOST * 1000)}"))
        if aging.trigger:
            connection.execute(text(f"ALTER TABLE {aging.table} DISABLE TRIGGER {aging.trigger}"))
        used = {name: value for name, value in given.items() if f":{name}" in statement.text}
        rows = int(connection.execute(statement, used).scalar_one())
        if aging.trigger:
            connection.execute(text(f"ALTER TABLE {aging.table} ENABLE TRIGGER {aging.trigger}"))
    return rows
