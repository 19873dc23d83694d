"""What every source of conditions is given, and what it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import text

from operations.alerts.deciding.alert import Condition, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.engine import Connection

#: Conditions of one source at most; of what has more, nothing is known to be over.
MOST: Final = 20_000

#: A flag that the table does not have lets everything pass; one that is null does not.
_FILES: Final = text("""
    SELECT CAST(f.id AS text) AS id, f.agency_slug, f.file_name,
           coalesce(CAST(to_jsonb(f) ->> 'notify_slack' AS boolean), NOT jsonb_exists(to_jsonb(f), 'notify_slack'))
           AS to_slack
    FROM reporting.monitoring_file f
""")


@dataclass(frozen=True, slots=True)
class File:
    """A monitored file."""

    agency: str
    name: str
    to_slack: bool

    def condition(self, kind: Kind, said: str, part: str | None = None) -> Condition:
        """Something that is wrong with it, or with a part of it."""
        subject = f"{self.agency}/{self.name}{f': {part}' if part else ''}"
        return Condition(kind, subject, said, self.agency, self.to_slack)


def _no_file(_bucket: str, _key: str) -> tuple[str, str] | None:
    return None


@dataclass(frozen=True, slots=True)
class Asked:
    """What a look goes by.

    Attributes:
        now: the present, aware.
        backlog: how long an announced object may wait.
        score_drop: points that a passing score may fall.
        files: the monitored files by their numbers, as text.
        file_of_key: agency and file that the key of a bucket's object names; None where it names none.
    """

    now: datetime
    backlog: timedelta = timedelta(hours=1)
    score_drop: int = 20
    files: Mapping[str, File] = field(default_factory=dict)
    file_of_key: Callable[[str, str], tuple[str, str] | None] = _no_file


@dataclass(frozen=True, slots=True)
class Source:
    """One place where something can be wrong.

    Attributes:
        name: as log lines call it.
        tables: the tables it reads; where one is not there, nothing is known.
        kinds: what it finds.
        read: gives the conditions.
        needs_files: whether nothing is known without the monitored files.
    """

    name: str
    tables: tuple[str, ...]
    kinds: frozenset[Kind]
    read: Callable[[Connection, Asked], Sequence[Condition]]
    needs_files: bool = True


def read_files(connection: Connection) -> dict[str, File]:
    """The monitored files by their numbers."""
    return {row.id: File(row.agency_slug, row.file_name, row.to_slack) for row in connection.execute(_FILES)}
