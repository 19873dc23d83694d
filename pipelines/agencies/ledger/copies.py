"""What is known of copies: noted in groups, looked up again by the next run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import insert

from etl_core.storable import storable
from pipelines.agencies.ledger.tables import document_copy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Engine

    from pipelines.agencies.copying.copy_result import CopyResult
    from pipelines.agencies.source.documents import Agency

_LONGEST: Final = 2000
_KEY: Final = ("agency_id", "attachment_id", "destination")
#: What makes a row another one than it was; who found it so, and when, does not.
_SAID: Final = ("source", "source_etag", "destination_etag", "size", "status", "reason")
#: Who told of it, written along.
_TOLD: Final = ("source_version", "run_id", "at")


@dataclass(frozen=True, slots=True)
class NotedCopy:
    """A row of the ledger, as far as the next run needs it."""

    status: str
    source_etag: str | None
    source_version: str | None
    destination_etag: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class CopyLedger:
    """The rows of one run, and those of all before it.

    Attributes:
        database: the ledger's.
        run_id: of this run.
        clock: gives the aware present.
    """

    database: Engine
    run_id: str
    clock: Callable[[], datetime]

    def noted(self, agency: Agency, ids: Sequence[str]) -> Mapping[str, NotedCopy]:
        """Give what is known of some attachments, by their destinations."""
        table = document_copy.c
        names = ("destination", "status", "source_etag", "source_version", "destination_etag", "reason")
        columns = [table[name] for name in names]
        wanted = select(*columns).where(table.agency_id == str(agency.id), table.attachment_id == func.any(list(ids)))
        with self.database.connect() as connection:
            return {row[0]: NotedCopy(*row[1:]) for row in connection.execute(wanted)}

    def note(self, agency: Agency, results: Sequence[CopyResult]) -> None:
        """Note what became of attachments, in one transaction; a row that says so already stays as it is.

        Raises:
            DatabaseUnavailableError: nothing is noted; the next run finds the copies all the same.
        """
        if not results:
            return
        now = self.clock()
        new = insert(document_copy)
        changed = or_(*(document_copy.c[name].is_distinct_from(new.excluded[name]) for name in _SAID))
        statement = new.on_conflict_do_update(
            index_elements=_KEY,
            set_={name: new.excluded[name] for name in (*_SAID, *_TOLD)},
            where=changed,
        )
        with self.database.begin() as connection:
            connection.execute(statement, [self._row(agency, one, now) for one in results])

    def _row(self, agency: Agency, result: CopyResult, now: datetime) -> dict[str, Any]:
        return {
            "agency_id": str(agency.id),
            "attachment_id": storable(result.attachment.id),
            "destination": storable(result.destination),
            "source": storable(result.source),
            "source_etag": result.source_etag,
            "source_version": result.source_version,
            "destination_etag": result.destination_etag,
            "size": result.size,
            "status": "copied" if result.is_good else result.status,
            "reason": None if result.reason is None else storable(result.reason)[:_LONGEST],
            "run_id": self.run_id,
            "at": now,
        }
