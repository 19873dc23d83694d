"""What is known of each landed workbook: where it lies, what was found in it, and whether it was loaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import case, func, select

from pipelines.citizens.contracts import contract_of_dataset
from pipelines.citizens.history.tables import version_table
from pipelines.citizens.warehouse.meta_tables import ingestion_log, validation_log

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, datetime
    from pathlib import Path

    from sqlalchemy import ColumnElement
    from sqlalchemy.engine import Connection

#: What is said of a stopped workbook that nobody wants, from then on and whatever is found in it.
DISMISSED: Final = "dismissed"
#: Workbooks that a line names.
_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class Landing:
    """One workbook that landed.

    `status` is what its newest validation says: passed, failed, unreadable; None before the first; dismissed where it
    stopped and is not wanted; replaced where its content landed anew before it was loaded. `definition` is the digest
    of what it was held against. `version_id` is the load it was brought in by, None before; `is_live` whether that load
    was not taken back.
    """

    ingestion_id: int
    dataset: str
    file_name: str
    path: Path
    sha256: str
    snapshot: date
    landed_at: datetime
    status: str | None
    score: int | None
    message: str | None
    rows_clean: int | None
    rows_rejected: int | None
    clean_path: Path | None
    definition: str | None
    version_id: int | None
    is_live: bool | None

    @property
    def kind(self) -> str:
        """Which kind of workbooks it is."""
        return contract_of_dataset(self.dataset).kind

    @property
    def meaning(self) -> str:
        """What it counts as, for people."""
        return f"{self.kind} of {self.snapshot:%Y-%m}"

    @property
    def has_stopped(self) -> bool:
        """Whether it was looked at, and does not go on."""
        return self.status in {"failed", "unreadable"}


def standing_failures(known: Iterable[Landing]) -> list[Landing]:
    """Workbooks that stopped and for whose month no later one of their kind has passed, unless that was taken back."""
    every = sorted(known, key=lambda one: (one.landed_at, one.ingestion_id))
    standing: dict[tuple[str, date], list[Landing]] = {}
    for one in every:
        place = one.dataset, one.snapshot
        if one.has_stopped:
            standing.setdefault(place, []).append(one)
        elif one.status == "passed" and one.is_live is not False:
            standing.pop(place, None)
    return [one for stopped in standing.values() for one in stopped]


def named(some: Sequence[Landing]) -> str:
    """Workbooks for a line of text: name, kind and month of the first ones, and how many more there are."""
    names = [f"{one.file_name} ({one.meaning})" for one in some]
    more = [f"{len(names) - _NAMED} more"] if len(names) > _NAMED else []
    return ", ".join([*names[:_NAMED], *more])


def is_called_off(connection: Connection, landing: Landing) -> bool:
    """Whether a landing goes no further: its content has landed anew since, or it was dismissed."""
    log, found = ingestion_log.c, validation_log.c
    later = select(log.ingestion_id).where(log.sha256 == landing.sha256, log.ingestion_id > landing.ingestion_id)
    unwanted = select(found.ingestion_id).where(found.ingestion_id == landing.ingestion_id, found.status == DISMISSED)
    return connection.execute(later.union(unwanted)).first() is not None


def landings_of(connection: Connection, root: Path, sha256: str) -> list[Landing]:
    """Those of one content, in the order in which they landed."""
    found = _landings(connection, root, ingestion_log.c.sha256 == sha256)
    return sorted(found, key=lambda one: one.ingestion_id)


def landings(connection: Connection, root: Path) -> list[Landing]:
    """All of them, in the order of what they speak of; their files under `root`, which may have moved since."""
    return _landings(connection, root)


def _landings(connection: Connection, root: Path, *which: ColumnElement[bool]) -> list[Landing]:
    number = validation_log.c.validation_id
    # Somebody may have been looking at it while it was dismissed, and note later what he found.
    dismissed = func.max(case((validation_log.c.status == DISMISSED, number)))
    newest = (
        select(validation_log.c.ingestion_id, func.coalesce(dismissed, func.max(number)).label("validation_id"))
        .group_by(validation_log.c.ingestion_id)
        .subquery("newest")
    )
    log, found, version = ingestion_log, validation_log, version_table
    query = (
        select(
            *(log.c[name] for name in ("ingestion_id", "dataset", "file_name", "land_path", "sha256")),
            log.c.snapshot_month,
            log.c.landed_at,
            *(
                found.c[name]
                for name in ("status", "score", "message", "rows_clean", "rows_rejected", "clean_path", "definition")
            ),
            version.c.version_id,
            version.c.is_live,
        )
        .select_from(
            log.outerjoin(newest, newest.c.ingestion_id == log.c.ingestion_id)
            .outerjoin(found, found.c.validation_id == newest.c.validation_id)
            .outerjoin(version, version.c.ingestion_id == log.c.ingestion_id)
        )
        .where(*which)
        .order_by(log.c.snapshot_month, log.c.dataset, log.c.landed_at, log.c.ingestion_id)
    )
    rows = connection.execute(query).all()
    counting: dict[str, int] = {}
    for row in rows:
        counting[row.sha256] = max(row.ingestion_id, counting.get(row.sha256, 0))
    return [
        Landing(
            row.ingestion_id,
            row.dataset,
            row.file_name,
            root / row.land_path,
            row.sha256,
            row.snapshot_month,
            row.landed_at,
            row.status if row.version_id is not None or counting[row.sha256] == row.ingestion_id else "replaced",
            row.score,
            row.message,
            row.rows_clean,
            row.rows_rejected,
            None if row.clean_path is None else root / row.clean_path,
            row.definition,
            row.version_id,
            row.is_live,
        )
        for row in rows
    ]
