"""What monitoring_file shows of its newest windows: the score, and that the file is not missing."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import bindparam, func, select, tuple_

from dq.reporting.catalogue.expected import FILE, QUALITY, RUN
from dq.reporting.table_writer import TableWriter, as_sqlalchemy
from etl_core.errors import TerminalError
from etl_core.postgres.transaction import prepare

if TYPE_CHECKING:
    from sqlalchemy import ScalarSelect

    from dq.reporting.catalogue.catalogue import Catalogue
    from dq.reporting.result import RunResult
    from etl_core.postgres.transaction import Transaction

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
        self._aggregate = aggregate
        rows = self._writer.rows
        this = rows.c.id == bindparam("file_id")
        self._lock = prepare(select(rows.c.id).where(this).with_for_update(key_share=True))
        self._shown = tuple(name for name in ("latest_data_quality_score", "is_missing") if name in rows.c)
        windows_say = _others(catalogue, aggregate, windows).label("windows_say")
        self._standing = prepare(select(*(rows.c[name] for name in self._shown), windows_say).where(this))

    def refresh(self, transaction: Transaction, result: RunResult) -> None:
        """Bring the file's row up to date after the result's quality row was written.

        The row is locked before the other windows are read: two windows of one file that are written at the same
        time pass here one after the other, and the second one sees the first.

        Raises:
            TerminalError: the file's row was deleted in the meantime.
        """
        asked = {"file_id": result.file.id, "run_date": result.run_date, "run_hour": result.run_hour}
        transaction.send(self._lock, asked)
        found = transaction.ask(self._standing, asked).first
        if found is None:
            raise TerminalError(f"monitoring_file {result.file.id} was deleted while its file was being scored")
        standing = dict(zip((*self._shown, "windows_say"), found, strict=True))
        wanted: dict[str, Any] = {"is_missing": False} if "is_missing" in self._shown else {}
        if self._aggregate == "rolling":
            wanted["latest_data_quality_score"] = Decimal(standing["windows_say"]).quantize(
                self._quantum, ROUND_HALF_UP
            )
        elif not standing["windows_say"]:
            wanted["latest_data_quality_score"] = result.verdict.score
        changes = {name: value for name, value in wanted.items() if value != standing[name]}
        if changes:
            self._writer.update(transaction, {"id": result.file.id}, changes, result.now)


def _others(catalogue: Catalogue, aggregate: ScoreAggregate, windows: int) -> ScalarSelect[Any]:
    """What the windows of a file say: whether a newer one has a score, or the mean score of the newest."""
    runs, quality = as_sqlalchemy(catalogue.table(RUN)), as_sqlalchemy(catalogue.table(QUALITY))
    scored = (
        select(quality.c.score)
        .join_from(runs, quality, quality.c.monitoring_file_run_id == runs.c.id)
        .where(runs.c.monitoring_file_id == bindparam("file_id"))
    )
    if aggregate == "latest":
        given = tuple_(bindparam("run_date"), bindparam("run_hour"))
        newer = scored.where(tuple_(runs.c.run_date, runs.c.run_hour) > given).exists()
        return select(newer).scalar_subquery()
    newest = scored.order_by(runs.c.run_date.desc(), runs.c.run_hour.desc()).limit(windows)
    return select(func.avg(newest.subquery().c.score)).scalar_subquery()
