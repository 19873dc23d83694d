"""Lines of the account of steps that were not told as lineage yet, and what each step read and wrote."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import BigInteger, String, bindparam, func, insert, literal, select

from pipelines.citizens.contracts import CONTRACTS, contract_of_dataset
from pipelines.citizens.history.tables import version_table
from pipelines.citizens.warehouse.landings import Landing, landings
from pipelines.citizens.warehouse.meta_tables import etl_audit, lineage_told

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy.engine import Engine

    from pipelines.citizens.history.dataset import Column

_A, _T = etl_audit.c, lineage_told.c
_ENDED: Final = _A.status.in_(("OK", "FAIL"))
_NOT_TOLD: Final = ~select(_T.audit_id).where(_T.audit_id == _A.audit_id).exists()


@dataclass(frozen=True, slots=True)
class StepLine:
    """How a step ended; attributes are the columns of `meta.etl_audit`, `id` its `audit_id`."""

    id: int
    run_id: str
    step: str
    status: str
    message: str
    row_count: int | None
    duration_ms: int | None
    at: datetime

    @property
    def subject(self) -> str:
        """What the step was about."""
        return self.message.partition(": ")[0]


@dataclass(frozen=True, slots=True)
class StepData:
    """A file or a table (`schema.table`) that a step read or wrote: its columns, and how many rows, where known."""

    what: Path | str
    columns: tuple[Column, ...] = ()
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class StepFlow:
    """What a step read and wrote. `score` and `rejected` are those of a workbook that was looked at."""

    read: tuple[StepData, ...] = ()
    written: tuple[StepData, ...] = ()
    score: int | None = None
    rejected: int | None = None


def give_up(engine: Engine, before: datetime, now: datetime) -> int:
    """Note of lines that are older than this, and were not told, that they never will be; how many.

    Those from before anything was told count for nothing.
    """
    old = select(_A.audit_id, literal("given_up", String), bindparam("now", now, _T.told_at.type))
    with engine.begin() as connection:
        began = connection.scalar(select(func.count()).select_from(lineage_told)) or 0
        query = old.where(_A.at < before, _ENDED, _NOT_TOLD)
        done = connection.execute(insert(lineage_told).from_select(["audit_id", "outcome", "told_at"], query))
        return int(done.rowcount) if began else 0


def untold(engine: Engine, after: int, most: int) -> tuple[StepLine, ...]:
    """The lines behind one that were not told, in their order, at most so many."""
    names = [name for name in StepLine.__dataclass_fields__ if name != "id"]
    query = select(_A.audit_id, *(_A[name] for name in names)).where(_A.audit_id > after, _ENDED, _NOT_TOLD)
    with engine.connect() as connection:
        return tuple(StepLine(*row) for row in connection.execute(query.order_by(_A.audit_id).limit(most)))


def note_told(engine: Engine, outcomes: Sequence[tuple[int, str]], now: datetime) -> None:
    """Note what became of lines, by their numbers."""
    if outcomes:
        with engine.begin() as connection:
            rows = [{"audit_id": number, "outcome": outcome, "told_at": now} for number, outcome in outcomes]
            connection.execute(insert(lineage_told), rows)


def step_flow(engine: Engine, root: Path, line: StepLine) -> StepFlow:
    """What a step read and wrote; nothing of one that failed.

    Args:
        engine: of the warehouse.
        root: where workbooks land.
        line: how it ended.
    """
    match line.step:
        case "ingest" | "validate" | "transform":
            landing = _landing(engine, root, line)
            return StepFlow() if landing is None else _of_landing(landing, line)
        case _ if line.status != "OK":
            return StepFlow()
        case "publish" if line.row_count is not None:
            core = tuple(StepData(f"core.{one.dataset.name}", one.dataset.columns) for one in CONTRACTS)
            return StepFlow(core, (StepData("mart.fact_citizen_snapshot", rows=line.row_count),))
        case "rollback" | "reload":
            return StepFlow(written=_of_version(engine, line.subject.rpartition(" ")[2]))
        case "rebuild":
            return StepFlow(written=(_core(line.subject),))
    return StepFlow()


def _landing(engine: Engine, root: Path, line: StepLine) -> Landing | None:
    """The newest workbook of this name there was."""
    with engine.connect() as connection:
        named = [
            one for one in landings(connection, root) if one.file_name == line.subject and one.landed_at <= line.at
        ]
    return max(named, key=lambda one: one.landed_at, default=None)


def _of_landing(landing: Landing, line: StepLine) -> StepFlow:
    columns = contract_of_dataset(landing.dataset).dataset.columns
    if line.step == "ingest":
        return StepFlow(written=(StepData(landing.path),)) if line.status == "OK" else StepFlow()
    clean = None if landing.clean_path is None else StepData(landing.clean_path, columns, landing.rows_clean)
    if line.step == "validate":
        read = (StepData(landing.path, rows=line.row_count),)
        if line.row_count is None:  # it failed before anything was counted
            return StepFlow(read)
        written = (clean,) if clean is not None and line.status == "OK" else ()
        return StepFlow(read, written, landing.score, landing.rows_rejected)
    if line.status != "OK" or line.row_count is None:
        return StepFlow(() if clean is None else (clean,))
    core = StepData(f"core.{landing.dataset}", columns, line.row_count)
    return StepFlow(() if clean is None else (clean,), (core,))


def _of_version(engine: Engine, version: str) -> tuple[StepData, ...]:
    if not version.isdigit():
        return ()
    query = select(version_table.c.dataset).where(version_table.c.version_id == literal(int(version), BigInteger))
    with engine.connect() as connection:
        dataset = connection.scalar(query)
    return () if dataset is None else (_core(dataset),)


def _core(dataset: str) -> StepData:
    return StepData(f"core.{dataset}", contract_of_dataset(dataset).dataset.columns)
