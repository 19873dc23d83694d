"""A flow's steps, in their order, for one day or for several; one process at a time runs a flow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog

from etl_core.errors import DatabaseUnavailableError
from etl_core.postgres.locks import held
from pipelines.etl.errors import FlowBusyError, MissingStepError
from pipelines.etl.extract import extract
from pipelines.etl.flow.window import Window, require_begun
from pipelines.etl.ledger.steps import STEPS, StepName, StepRow
from pipelines.etl.load_step import is_loaded, load
from pipelines.etl.transform import is_of, transform

if TYPE_CHECKING:
    from datetime import date

    from pipelines.etl.doors import EtlDoors

log = structlog.get_logger()

_LOCK_TIMEOUT: Final = "55P03"


@dataclass(frozen=True, slots=True)
class DayOutcome:
    """What became of a day: the attempts at its steps, in their order; none where it was loaded before."""

    day: date
    steps: tuple[StepRow, ...]

    @property
    def failed(self) -> bool:
        """Whether something of it did not go on."""
        return any(not step.went_well for step in self.steps)


def run_day(day: date, doors: EtlDoors, steps: Sequence[StepName] = STEPS, *, full: bool = False) -> DayOutcome:
    """Carry out steps of a day; what was done for the same input is skipped, and what does not pass stops the rest.

    Args:
        day: whose changes.
        doors: the outside world.
        steps: which, in their order.
        full: do again what was done.

    Raises:
        UsageError: the day has not begun, or a step's forerunner was not done.
        FlowBusyError: another process runs the flow.
        PipelineError: a step could not be carried out.
    """
    require_begun(day, doors.clock())
    window = Window(day)
    if window.until > doors.clock():
        log.warning("the day is not over, and what changes in it from now on needs another run", date=str(day))
    done: list[StepRow] = []
    with _alone(doors):
        for step in steps:
            done.append(_carried_out(step, window, doors, full=full))
            row = done[-1]
            log.info("step", flow=doors.flow.name, date=str(day), step=step, state=row.state, what=row.message)
            if not row.went_well:
                break
    return DayOutcome(day, tuple(done))


def run_days(days: Sequence[date], doors: EtlDoors, *, full: bool = False) -> Iterator[DayOutcome]:
    """Carry out the days that were not loaded yet, one after the other; the first that does not pass ends it.

    A day that was loaded before it was over, or elsewhere, was not.

    Raises: as `run_day`.
    """
    for day in days[-1:]:
        require_begun(day, doors.clock())  # before anything is done
    for day in days:
        if not full and is_loaded(Window(day), doors):
            yield DayOutcome(day, ())
            continue
        outcome = run_day(day, doors, full=full)
        yield outcome
        if outcome.failed:
            return


def _carried_out(step: StepName, window: Window, doors: EtlDoors, *, full: bool) -> StepRow:
    ledger, day = doors.ledger, window.day
    before = ledger.latest_good(day, step)
    if step == "extract":
        return extract(window, doors, before, full=full)
    extracted = ledger.latest_good(day, "extract")
    if extracted is None:
        raise MissingStepError(_missing("extract", step, window, doors))
    if step == "transform":
        return transform(window, doors, extracted, before, full=full)
    shaped = ledger.latest_good(day, "transform")
    if shaped is None or not is_of(shaped, doors, extracted):
        raise MissingStepError(_missing("transform", step, window, doors))
    return load(window, doors, shaped, before, full=full)


def _missing(step: str, wanted: str, window: Window, doors: EtlDoors) -> str:
    flow, day = doors.flow.name, window.day
    what = f"{wanted} of {flow} for {day} needs the rows of {step}, which has not gone well for what is there now"
    return f"{what}; run_etl {flow} --date {day} --step {step}"


@contextmanager
def _alone(doors: EtlDoors) -> Iterator[None]:
    """Hold the flow's lock, and end the steps of processes that are gone: whoever has it knows that they are."""
    ledger, flow = doors.ledger, doors.flow.name
    with ExitStack() as own:
        try:
            own.enter_context(held(ledger.database, "etl", flow, seconds=doors.lock_seconds))
        except DatabaseUnavailableError as error:
            if _LOCK_TIMEOUT not in str(error):
                raise
            raise FlowBusyError(_busy(doors)) from error
        if abandoned := ledger.abandon(doors.clock()):
            log.warning("steps of processes that are gone were ended", flow=flow, steps=abandoned)
        yield


def _busy(doors: EtlDoors) -> str:
    row = doors.ledger.running()
    who = (
        "another process runs it"
        if row is None
        else (f"run {row.run_id} is at its {row.step} of {row.date} since {row.started_at:%Y-%m-%d %H:%M:%S} UTC")
    )
    waited = f"waited {doors.lock_seconds} seconds, the same command goes on later"
    return f"the flow {doors.flow.name} is busy: {who}; {waited}"
