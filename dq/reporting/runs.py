"""One row of monitoring_file_run for one file and window."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import sqlalchemy

from dq.reporting.catalogue.expected import RUN, RUN_KEY
from dq.reporting.range_limit import range_lower_limit
from dq.reporting.table_writer import TableWriter
from etl_core.postgres.locks import lock_first
from etl_core.postgres.transaction import prepare

if TYPE_CHECKING:
    from dq.reporting.catalogue.catalogue import Catalogue
    from dq.reporting.result import RowId, RunResult
    from etl_core.postgres.transaction import Transaction


@dataclass(frozen=True, slots=True)
class StandingRun:
    """A run that exists already; `last_modified` (aware) of the object it was made from, where it is known."""

    id: RowId
    last_modified: datetime | None


class Runs:
    """Finds, locks and writes runs."""

    def __init__(self, catalogue: Catalogue) -> None:
        """Use the columns that `catalogue` has."""
        table = catalogue.table(RUN)
        self._writer = TableWriter(table, key=RUN_KEY)
        self._knows_last_modified = table.has("file_last_modified")
        rows = self._writer.rows
        columns: list[Any] = [rows.c.id, *([rows.c.file_last_modified] if self._knows_last_modified else [])]
        self._standing = prepare(
            sqlalchemy.select(*columns)
            .where(*(rows.c[name] == sqlalchemy.bindparam(name) for name in RUN_KEY))
            .order_by(rows.c.id)
            .limit(sqlalchemy.literal_column("1"))
            .with_for_update(key_share=True)
        )

    def lock(self, transaction: Transaction, result: RunResult) -> StandingRun | None:
        """Hold the run of this file and window to the end of the transaction, whether it exists or not.

        What other transactions committed while this one waited is seen by its next statement.
        """
        lock_first(transaction, RUN, result.file.id, result.run_date, result.run_hour)
        row = transaction.ask(self._standing, _key(result)).first
        return None if row is None else StandingRun(row[0], _aware(row[1]) if self._knows_last_modified else None)

    def write(self, transaction: Transaction, result: RunResult, standing: StandingRun | None) -> RowId:
        """Insert the locked run, or refresh the standing one; its id."""
        values = {
            **_key(result),
            "agency_id": result.file.agency_id,
            "file_size": result.file_size,
            "file_last_modified": result.version.last_modified,
            "file_range_lower_limit": range_lower_limit(result.file.range, result.run_date, result.run_hour),
            "created_at": result.now,
            "updated_at": result.now,
        }
        if standing is None:
            run_id: RowId = self._writer.upsert(transaction, values, result.now)
            return run_id
        self._writer.update(transaction, {"id": standing.id}, values, result.now)
        return standing.id


def is_outdated(result: RunResult, standing: StandingRun | None) -> bool:
    """Whether the standing run was made from a newer object; a second's difference may be the column's rounding."""
    mine, theirs = result.version.last_modified, standing.last_modified if standing else None
    return mine is not None and theirs is not None and theirs - mine >= timedelta(seconds=1)


def _key(result: RunResult) -> dict[str, Any]:
    return dict(zip(RUN_KEY, (result.file.id, result.run_date, result.run_hour), strict=True))


def _aware(moment: datetime | None) -> datetime | None:
    if moment is None or moment.tzinfo is not None:
        return moment
    return moment.replace(tzinfo=timezone.utc)
