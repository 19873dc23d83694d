"""The core table brought to what the claims of the live loads say, and held against what must be so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from pipelines.citizens.history.chain import link_of, touching
from pipelines.citizens.history.errors import BrokenHistoryError
from pipelines.citizens.history.statements import intervals
from pipelines.citizens.history.statements.invariants import current_rows, violations
from pipelines.citizens.history.tables import version_table
from pipelines.citizens.history.work import Work, know_sizes, walking_along_tables

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date


def recompute(work: Work, version_id: int) -> date | None:
    """Compute the keys anew that a load touches by its coming or going.

    Returns:
        The end of the last row that is another one now; None where none is.

    Raises:
        BrokenHistoryError: the table would not hold what it must.
    """
    load = link_of(work.chain, version_id).load
    touched_by = [link.load.version_id for link in touching(work.chain, version_id)]
    return _recompute(work, touched_by, f"after version {version_id} ({load.snapshot:%Y-%m})")


def recompute_all(work: Work) -> None:
    """Compute all keys anew.

    Raises:
        BrokenHistoryError: the table would not hold what it must.
    """
    _recompute(work, [link.load.version_id for link in work.chain], "computed anew")


def _recompute(work: Work, touched_by: Sequence[int], when: str) -> date | None:
    keys = work.connection.execute(intervals.touch(work.tables, work.rooms, touched_by)).rowcount
    know_sizes(work, work.rooms.touched)
    with walking_along_tables(work.connection, keys):
        changed_until = _bring_there(work)
        problems = _problems(work)
    if problems:
        raise BrokenHistoryError(
            f"core.{work.tables.dataset.name} does not hold what it must {when}: {'; '.join(problems)}; "
            "nothing was changed"
        )
    return changed_until


def _bring_there(work: Work) -> date | None:
    """Change the rows of the touched keys that are not what they must be; gives the end of the last one."""
    connection, tables, rooms = work.connection, work.tables, work.rooms
    connection.execute(intervals.compare(tables, rooms))
    know_sizes(work, rooms.differing)
    ends = connection.execute(intervals.ends_of_changes(rooms)).one()
    connection.execute(intervals.drop_rows(tables, rooms))
    connection.execute(intervals.change_rows(tables, rooms))
    connection.execute(intervals.add_rows(tables, rooms))
    return max((end for end in ends if end is not None), default=None)


def _problems(work: Work) -> list[str]:
    names, statement = violations(work.tables, work.rooms)
    counts = work.connection.execute(statement).one()
    problems = [f"{count} times: {what}" for what, count in zip(names, counts, strict=True) if count]
    return problems + _miscounted(work)


def _miscounted(work: Work) -> list[str]:
    """Whether the current rows are as many as the newest effective snapshot has keys."""
    if work.tables.dataset.deletes == "ignore":
        return []
    effective = [link.effective for link in work.chain if link.effective is not None]
    expected = 0
    if effective:
        newest = select(version_table.c.row_count).where(version_table.c.version_id == effective[-1].version_id)
        expected = work.connection.scalar(newest) or 0
    found = work.connection.scalar(current_rows(work.tables)) or 0
    return [] if found == expected else [f"{found} rows are current, and the newest snapshot has {expected} keys"]
