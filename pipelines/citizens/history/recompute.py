"""The core table brought to what the claims of the live loads say, and held against what must be so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from pipelines.citizens.history.chain import handover, link_of, touching
from pipelines.citizens.history.errors import BrokenHistoryError
from pipelines.citizens.history.statements import handing_over, intervals
from pipelines.citizens.history.statements.invariants import current_rows, violations
from pipelines.citizens.history.tables import version_table
from pipelines.citizens.history.work import know_sizes, walking_along_tables

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from pipelines.citizens.history.chain import Handover, Link
    from pipelines.citizens.history.work import Work


def recompute(work: Work, version_id: int) -> date | None:
    """Compute the keys anew that a load touches by its coming or going.

    Returns:
        The end of the last row that is another one now; None where none is.

    Raises:
        BrokenHistoryError: the table would not hold what it must.
    """
    touched_by = [link.load.version_id for link in touching(work.chain, version_id)]
    return _recompute(work, touched_by, _after(work, version_id))


def recompute_all(work: Work) -> None:
    """Compute all keys anew.

    Raises:
        BrokenHistoryError: the table would not hold what it must.
    """
    _recompute(work, [link.load.version_id for link in work.chain], "computed anew")


def recompute_turned(work: Work, before: Sequence[Link], version_id: int) -> date | None:
    """Do what `recompute` does for a load that was taken back, or brought back; `before` is the chain until then.

    Where its word only goes over to another load, or comes from one, rows get other names and days: half the work.
    """
    turn = handover(before, work.chain)
    return recompute(work, version_id) if turn is None else _hand_over(work, turn, _after(work, version_id))


def _after(work: Work, version_id: int) -> str:
    return f"after version {version_id} ({link_of(work.chain, version_id).load.snapshot:%Y-%m})"


def _recompute(work: Work, touched_by: Sequence[int], when: str) -> date | None:
    keys = work.connection.execute(intervals.touch(work.tables, work.rooms, touched_by)).rowcount
    know_sizes(work, work.rooms.touched)
    with walking_along_tables(work.connection, keys):
        changed_until = _bring_there(work)
        current = _count_current(work)
        _assert_sound(work, when, current, everywhere=_are_most(keys, current))
    return changed_until


def _hand_over(work: Work, turn: Handover, when: str) -> date | None:
    connection, tables, rooms = work.connection, work.tables, work.rooms
    with walking_along_tables(connection):
        shared = connection.execute(handing_over.touch(tables, rooms, turn, shared=True)).rowcount
        know_sizes(work, rooms.touched)
        last_end = connection.scalar(handing_over.last_end(tables, turn)) if turn.days else None
        handed = connection.execute(handing_over.hand_over(tables, turn)).rowcount
    with walking_along_tables(connection, shared + handed):
        ends = [last_end, _bring_there(work) if shared else None]
        current = _count_current(work)
        everywhere = _are_most(handed, current)
        if not everywhere:
            connection.execute(handing_over.touch(tables, rooms, turn, shared=False))
            know_sizes(work, rooms.touched)
        _assert_sound(work, when, current, everywhere=everywhere)
    return max((end for end in ends if end is not None), default=None)


def _are_most(touched: int, current: int) -> bool:
    return 2 * touched > current


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


def _assert_sound(work: Work, when: str, current: int, *, everywhere: bool) -> None:
    """Hold the touched keys, or all of them, against what must be so; `current` rows hold now."""
    names, statement = violations(work.tables, work.rooms, everywhere=everywhere)
    counts = work.connection.execute(statement).one()
    problems = [f"{count} times: {what}" for what, count in zip(names, counts, strict=True) if count]
    expected = _expected_current(work)
    if expected is not None and expected != current:
        problems.append(f"{current} rows are current, and the newest snapshot has {expected} keys")
    if problems:
        raise BrokenHistoryError(
            f"core.{work.tables.dataset.name} does not hold what it must {when}: {'; '.join(problems)}; "
            "nothing was changed"
        )


def _count_current(work: Work) -> int:
    return work.connection.scalar(current_rows(work.tables)) or 0


def _expected_current(work: Work) -> int | None:
    """How many rows the newest effective snapshot lets be current; None where those that are gone are as well."""
    if work.tables.dataset.deletes == "ignore":
        return None
    effective = [link.effective for link in work.chain if link.effective is not None]
    if not effective:
        return 0
    newest = select(version_table.c.row_count).where(version_table.c.version_id == effective[-1].version_id)
    return work.connection.scalar(newest) or 0
