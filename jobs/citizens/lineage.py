"""The steps of citizens, told as lineage out of the account in their warehouse."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import inspect

from etl_core.postgres.locks import tried
from operations.lineage.events.audit_line import as_uuid, number_of
from operations.lineage.events.places import Database, Place
from operations.lineage.events.run_event import Assertion, Field, Input, Output, Parent, RunEvent
from operations.lineage.settings import LineageSettings
from operations.lineage.telling.facts import database_of
from pipelines.citizens.settings import CitizensSettings
from pipelines.citizens.warehouse.connecting import connect_warehouse
from pipelines.citizens.warehouse.meta_tables import lineage_told
from pipelines.citizens.warehouse.told_steps import StepData, StepFlow, give_up, note_told, step_flow, untold

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Engine

    from etl_core.settings import Settings
    from jobs.running.job_run import JobRun
    from jobs.running.lineage import Teller
    from operations.lineage.telling.turn import Outcome
    from pipelines.citizens.warehouse.told_steps import StepLine

_JOB = "citizens"


@dataclass(slots=True)
class CitizensLines:
    """As `Lines` of `operations.lineage.telling.turn` says.

    Attributes:
        engine: of the warehouse.
        root: where workbooks land.
        keep: for how long lines wait.
    """

    engine: Engine
    root: Path
    keep: timedelta
    _after: int = field(default=0, init=False)

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Hold a lock as long as the block runs, then close all connections.

        On SQL Server there is no lock: two processes may tell a line each, which makes one run of it all the same.
        """
        try:
            if self.engine.dialect.name != "postgresql":
                yield True
                return
            with tried(self.engine, "lineage of citizens") as is_free:
                yield is_free
        finally:
            self.engine.dispose()

    def give_up(self, now: datetime) -> int:
        """Let go of what is too old; how many lines."""
        self._after = 0
        return give_up(self.engine, now - self.keep, now)

    def waiting(self, most: int) -> Sequence[StepLine]:
        """The oldest lines that were not told, behind those that were given before in this turn."""
        found = untold(self.engine, self._after, most)
        self._after = found[-1].id if found else self._after
        return found

    def event(self, line: StepLine) -> RunEvent:
        """What is told of a step."""
        return step_event(line, step_flow(self.engine, self.root, line), database_of(self.engine.url))

    def note(self, outcomes: Sequence[tuple[StepLine, Outcome]], now: datetime) -> None:
        """Note what became of lines."""
        note_told(self.engine, [(line.id, outcome) for line, outcome in outcomes], now)

    def settle(self, now: datetime) -> None:
        """Keep all notes: a month has a few dozen."""


def also_tell_citizens(run: JobRun, teller: Teller, settings: Settings) -> None:
    """Have the steps in the warehouse told as well, while the job runs and when it has ended.

    Args:
        run: of the job; holds what is opened, and an embedded server up until all is told.
        teller: of the run.
        settings: which warehouse.
    """
    from jobs.running.database import embedded_database

    own, address = settings[CitizensSettings], settings[CitizensSettings].warehouse_url
    keep = timedelta(days=settings[LineageSettings].openlineage_keep)
    dsn = run.hold(embedded_database()).dsn if address is None else address.get_secret_value()
    opened: list[Engine] = []

    def lines() -> CitizensLines | None:
        if not opened:
            opened.append(connect_warehouse(dsn))
        if not inspect(opened[0]).has_table(lineage_told.name, lineage_told.schema):
            return None  # the job makes or asks for what lacks
        return CitizensLines(opened[0], Path(own.citizens_root), keep)

    teller.also(lines)


def step_event(line: StepLine, flow: StepFlow, warehouse: Database) -> RunEvent:
    """Make the event of a step.

    Args:
        line: how it ended.
        flow: what it read and wrote.
        warehouse: where the tables are.
    """

    def place(one: StepData) -> Place:
        return Place("file", str(one.what.absolute())) if isinstance(one.what, Path) else warehouse.table(one.what)

    def fields(one: StepData) -> tuple[Field, ...] | None:
        return tuple(Field(column.name, column.kind) for column in one.columns) or None

    went_well = line.status == "OK"
    asked = _assertions(line, flow) or None
    return RunEvent(
        number_of(warehouse.table("meta.etl_audit"), line.id),
        f"{_JOB}.{line.step}",
        "COMPLETE" if went_well else "FAIL",
        line.at - timedelta(milliseconds=line.duration_ms or 0),
        line.at,
        Parent(as_uuid(line.run_id), _JOB),
        tuple(Input(place(one), None, fields(one), one.rows, assertions=asked) for one in flow.read),
        tuple(Output(place(one), None, fields(one), one.rows) for one in flow.written),
        None if went_well else line.message,
    )


def _assertions(line: StepLine, flow: StepFlow) -> tuple[Assertion, ...]:
    found = []
    if flow.score is not None:
        found.append(Assertion("score", line.status == "OK", None, "error", None, str(flow.score), "of 100"))
    if flow.rejected is not None:
        said = f"{flow.rejected} of {line.row_count} rows"
        found.append(Assertion("rows_rejected", flow.rejected == 0, None, "warn", "0", str(flow.rejected), said))
    return tuple(found)
