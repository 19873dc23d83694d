"""The ledger: objects that are dead, announcements nobody understood, and how long the oldest object waits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import text

from operations.alerts.deciding.alert import Condition
from operations.alerts.deciding.messages import lasted, moment, short
from operations.alerts.finding.source import MOST, Asked, Source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection

_DEAD: Final = text("""
    SELECT id, bucket, key, agency_slug, file_name, attempts, finished_at FROM pipeline.object_inbox
    WHERE state = 'dead' ORDER BY id LIMIT :most
""")
_LETTERS: Final = text("""
    SELECT id, source, received_at FROM pipeline.announcement_dead_letter
    WHERE closed_as IS NULL ORDER BY id LIMIT :most
""")
#: Each by its index.
_OLDEST: Final = text("""
    SELECT least(
        (SELECT min(received_at) FROM pipeline.object_inbox WHERE state = 'pending'),
        (SELECT min(received_at) FROM pipeline.object_inbox WHERE state = 'claimed')
    )
""")
_WAITING: Final = text("SELECT count(*) FROM pipeline.object_inbox WHERE state IN ('pending', 'claimed')")


def _dead(connection: Connection, asked: Asked) -> Sequence[Condition]:
    by_name = {(one.agency, one.name): one for one in asked.files.values()}
    found = [_dead_object(row, asked, by_name) for row in connection.execute(_DEAD, {"most": MOST})]
    letters = connection.execute(_LETTERS, {"most": MOST - len(found)}) if len(found) < MOST else ()
    return [*found, *map(_letter, letters)]


def _dead_object(row: Any, asked: Asked, by_name: Any) -> Condition:  # noqa: ANN401 - a row, and files by their names
    name = (row.agency_slug, row.file_name) if row.agency_slug else asked.file_of_key(row.bucket, row.key)
    file = None if name is None else by_name.get(name)
    place = short(f"s3://{row.bucket}/{row.key}", 200)
    said = (
        f"{place} has no verdict and gets none by itself: {row.attempts} attempts failed, or none can succeed."
        f" `inbox show {row.id}` has the reason."
    )
    agency = None if name is None else name[0]
    return Condition("dead_letter", f"object {row.id}", said, agency, file is None or file.to_slack)


def _letter(row: Any) -> Condition:  # noqa: ANN401 - a row of the query
    came = f"{short(row.source, 60)}, {moment(row.received_at)}"
    said = f"Nobody understands an announcement ({came}). `inbox show L{row.id}` shows it."
    return Condition("dead_letter", f"announcement L{row.id}", said)


def _backlog(connection: Connection, asked: Asked) -> Sequence[Condition]:
    oldest = connection.scalar(_OLDEST)
    if oldest is None or asked.now - oldest < asked.backlog:
        return []
    waiting = connection.scalar(_WAITING) or 0
    said = (
        f"{waiting:,} objects have no verdict yet, the oldest for {lasted(asked.now - oldest)}. `inbox list` says why."
    )
    return [Condition("backlog_age", "inbox", said)]


LETTERS: Final = Source(
    "dead letters",
    ("pipeline.object_inbox", "pipeline.announcement_dead_letter"),
    frozenset({"dead_letter"}),
    _dead,
)
BACKLOG: Final = Source("backlog", ("pipeline.object_inbox",), frozenset({"backlog_age"}), _backlog, needs_files=False)
