"""What monitoring_file shows of its newest windows: the score, and that the file is not missing."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import func, select, tuple_

from dq.errors import TerminalError
from dq.store.expected import FILE, QUALITY, RUN
from dq.store.table_writer import TableWriter, as_sqlalchemy

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from dq.store.catalogue import Catalogue
    from dq.store.result import RunResult

ScoreAggregate = Literal["latest", "rolling"]

#: How many windows a rolling score is the mean of.
ROLLING_WINDOWS = 10


class LatestScore:
    """Keeps `latest_data_quality_score` in step with the runs of a file.

    `latest`: the score of the newest window (run_date, run_hour) that has one; an older window that arrives late
    changes nothing. `rolling`: the mean of the newest windows that have a score, whatever order they arrive in,
    rounded as the column's type asks (integers half up, others to two decimals).
    """

    def __init__(self, catalogue: Catalogue, aggregate: ScoreAggregate, windows: int) -> None:
        """Write to monitoring_file; `windows` counts for `rolling` only."""
        table = catalogue.table(FILE)
        self._writer = TableWriter(table, key=("id",))
        self._quantum = Decimal(1 if table.columns["latest_data_quality_score"].type.startswith("int") else "0.01")
        self._runs = as_sqlalchemy(catalogue.table(RUN))
        self._quality = as_sqlalchemy(catalogue.table(QUALITY))
        self._aggregate = aggregate
        self._windows = windows

    def refresh(self, connection: Connection, result: RunResult) -> None:
        """Bring the file's row up to date after the result's quality row was written.

        The row is locked before the other windows are read: two windows of one file that are written at the same
        time pass here one after the other, and the second one sees the first.

        Raises:
            TerminalError: the file's row was deleted in the meantime.
        """
        rows = self._writer.rows
        columns = [rows.c[name] for name in ("latest_data_quality_score", "is_missing") if name in rows.c]
        statement = select(*columns).where(rows.c.id == result.file.id).with_for_update(key_share=True)
        standing = connection.execute(statement).one_or_none()
        if standing is None:
            raise TerminalError(f"monitoring_file {result.file.id} was deleted while its file was being scored")
        wanted: dict[str, Any] = {"is_missing": False} if "is_missing" in rows.c else {}
        score = self._score(connection, result)
        if score is not None:
            wanted["latest_data_quality_score"] = score
        changes = {name: value for name, value in wanted.items() if value != standing._mapping[name]}  # noqa: SLF001
        if changes:
            self._writer.update(connection, {"id": result.file.id}, changes, result.now)

    def _score(self, connection: Connection, result: RunResult) -> Decimal | int | None:
        """What the column should hold; None when it should stay as it is."""
        scored = (
            select(self._quality.c.score)
            .join_from(self._runs, self._quality, self._quality.c.monitoring_file_run_id == self._runs.c.id)
            .where(self._runs.c.monitoring_file_id == result.file.id)
        )
        window = tuple_(self._runs.c.run_date, self._runs.c.run_hour)
        if self._aggregate == "latest":
            newer = scored.where(window > tuple_(result.run_date, result.run_hour)).exists()
            return None if connection.execute(select(newer)).scalar_one() else result.verdict.score
        newest = scored.order_by(self._runs.c.run_date.desc(), self._runs.c.run_hour.desc()).limit(self._windows)
        mean = connection.execute(select(func.avg(newest.subquery().c.score))).scalar_one()
        return Decimal(mean).quantize(self._quantum, ROUND_HALF_UP)
