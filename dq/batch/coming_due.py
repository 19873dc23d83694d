"""Objects that wait for their file or for a usable definition: due again once it is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from sqlalchemy import or_, select, update

from dq.ledger.inbox_item import WAITING_STATES
from dq.ledger.rows import starting_over
from dq.ledger.tables import object_inbox

if TYPE_CHECKING:
    from dq.batch.doors import Doors

log = structlog.get_logger()

_C = object_inbox.c
#: Rows that one look makes due at most; there may be a great many, and the next look goes on.
_MOST = 10_000


def make_due(doors: Doors) -> int:
    """Make due what waits for a file that is there by now, or for another definition than its file now has.

    One query on an index of the rows that wait, which are few or none as a rule. How many rows.

    Raises:
        DatabaseUnavailableError: no answer.
    """
    waits = _C.state.in_(WAITING_STATES) & _C.agency_slug.is_not(None)
    files = select(_C.agency_slug, _C.file_name).where(waits).distinct().subquery("files")
    there = doors.reporting.digests_of(files).subquery("there")
    same_file = (_C.agency_slug == there.c.agency_slug) & (_C.file_name == there.c.file_name)
    changed = or_(_C.state == "unconfigured", _C.definition_digest.is_distinct_from(there.c.definition_digest))
    due = select(_C.id).join(there, same_file).where(waits, changed).limit(_MOST)
    locked = due.with_for_update(of=object_inbox, skip_locked=True)
    again = update(object_inbox).where(_C.id.in_(locked)).values(starting_over(doors.clock()))
    with doors.database.begin() as connection:
        rows: int = connection.execute(again).rowcount
    if rows:
        log.info("files or definitions changed: what waited for them is due again", objects=rows)
    return rows
