"""What is known of each landed workbook: where it lies, what was found in it, and whether it was loaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from pipelines.citizens.history.tables import version_table
from pipelines.citizens.warehouse.meta_tables import ingestion_log, validation_log

if TYPE_CHECKING:
    from datetime import date, datetime
    from pathlib import Path

    from sqlalchemy.engine import Connection


@dataclass(frozen=True, slots=True)
class Landing:
    """One workbook that landed.

    `status` is what its newest validation says: passed, failed, unreadable; None before the first; `definition` is the
    fingerprint of what it was held against. `version_id` is the
    load it was brought in by, None before; `is_live` whether that load was not taken back.
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


def landings(connection: Connection, root: Path) -> list[Landing]:
    """All of them, in the order of what they speak of; their files under `root`, which may have moved since."""
    newest = (
        select(validation_log.c.ingestion_id, func.max(validation_log.c.validation_id).label("validation_id"))
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
        .order_by(log.c.snapshot_month, log.c.dataset, log.c.landed_at, log.c.ingestion_id)
    )
    return [
        Landing(
            row.ingestion_id,
            row.dataset,
            row.file_name,
            root / row.land_path,
            row.sha256,
            row.snapshot_month,
            row.landed_at,
            row.status,
            row.score,
            row.message,
            row.rows_clean,
            row.rows_rejected,
            None if row.clean_path is None else root / row.clean_path,
            row.definition,
            row.version_id,
            row.is_live,
        )
        for row in connection.execute(query)
    ]
