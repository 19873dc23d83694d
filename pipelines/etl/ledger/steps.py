"""Steps of flows in the ledger: begun, ended with their counts and a line of the audit, and looked up again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from sqlalchemy import extract, insert, literal, select, update

from etl_core.audit.record import Status
from etl_core.audit.record import Step as AuditStep
from etl_core.audit.table import add_lines
from etl_core.errors import PipelineError, RetryableError
from etl_core.storable import storable
from pipelines.etl.ledger.tables import etl_run

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine, Row

    from etl_core.audit.account import Account

#: In their order.
StepName: TypeAlias = Literal["extract", "transform", "load"]
STEPS: Final[tuple[StepName, ...]] = ("extract", "transform", "load")
_WENT_WELL: Final = ("done", "skipped")
_ABANDONED: Final = "its process ended before it said what became of it"
_LONGEST: Final = 2000


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows of a step: in = out + rejected; of a load also what became of those that are out."""

    rows_in: int
    rows_out: int
    rows_rejected: int = 0
    rows_inserted: int | None = None
    rows_updated: int | None = None
    rows_unchanged: int | None = None
    rows_deleted: int | None = None

    def __post_init__(self) -> None:
        if self.rows_in != self.rows_out + self.rows_rejected:
            raise AssertionError(f"rows were lost: {self}")


@dataclass(frozen=True, slots=True)
class StepRow:
    """An attempt at a step; attributes are the columns of `pipeline.etl_run`."""

    id: int
    run_id: str
    date: date
    step: str
    state: str
    input: str
    as_of: datetime | None
    place: str | None
    counts: Counts | None
    message: str | None
    started_at: datetime
    finished_at: datetime | None

    @property
    def went_well(self) -> bool:
        """Whether its rows may be used."""
        return self.state in _WENT_WELL


@dataclass(frozen=True, slots=True)
class StepEnd:
    """How a step ended.

    Attributes:
        state: `done`, `skipped` or `failed`.
        message: a sentence for people.
        as_of: the moment of the source that its rows show.
        place: where they are.
        counts: of them; none of a step that failed before it counted.
        retryable: whether a step that failed may go well when it is tried again.
    """

    state: Literal["done", "skipped", "failed"]
    message: str
    as_of: datetime | None = None
    place: str | None = None
    counts: Counts | None = None
    retryable: bool = False


def skipped(before: StepRow, message: str, as_of: datetime | None) -> StepEnd:
    """Say of a step that its rows are those of an attempt before; of a load it changed none of them."""
    counts = before.counts
    if counts is not None:
        counts = Counts(counts.rows_in, counts.rows_out, counts.rows_rejected)
    return StepEnd("skipped", message, as_of, before.place, counts)


@dataclass(frozen=True, slots=True)
class StepLedger:
    """The ledger, for the steps of one run of a flow.

    Attributes:
        database: it is in.
        flow: whose steps they are.
        run_id: of this run.
        account: writes lines of the audit, None where no job is under way.
    """

    database: Engine
    flow: str
    run_id: str
    account: Account | None = None

    def begin(self, day: date, step: StepName, of: str, now: datetime) -> int:
        """Note that a step begins; gives the number of the attempt."""
        values = {"run_id": self.run_id, "flow": self.flow, "date": day, "step": step, "input": of}
        with self.database.begin() as connection:
            row = connection.execute(
                insert(etl_run).values(**values, state="running", started_at=now).returning(etl_run.c.id)
            )
            return int(row.scalar_one())

    def end(self, attempt: int, end: StepEnd, now: datetime, *, of: str | None = None) -> StepRow:
        """Note how an attempt ended, and add the line of the audit, in one transaction.

        Args:
            attempt: its number.
            end: how it ended.
            now: the aware present.
            of: what it worked on, where that was not known when it began.
        """
        ended = (
            update(etl_run)
            .where(etl_run.c.id == attempt)
            .values(
                state=end.state,
                message=storable(end.message)[:_LONGEST],
                as_of=end.as_of,
                place=end.place,
                finished_at=now,
                seconds=extract("epoch", literal(now) - etl_run.c.started_at),
                **({} if of is None else {"input": of}),
                **({} if end.counts is None else asdict(end.counts)),
            )
            .returning(etl_run)
        )
        with self.database.begin() as connection:
            row = _step_row(connection.execute(ended).one())
            if self.account is not None:
                add_lines(connection, [self.account.line(_audited(self.flow, row, retryable=end.retryable))])
        return row

    @contextmanager
    def failing(self, attempt: int, clock: Callable[[], datetime]) -> Iterator[None]:
        """Note of an attempt that it failed where the block raises something, which goes on to whoever called."""
        try:
            yield
        except BaseException as error:
            told = str(error) if isinstance(error, PipelineError) else type(error).__name__
            end = StepEnd("failed", told, retryable=isinstance(error, RetryableError))
            with suppress(PipelineError):  # the ledger may be what is away; the next run finds the row
                self.end(attempt, end, clock())
            raise

    def abandon(self, now: datetime) -> int:
        """Note of steps whose processes are gone that they failed: who holds the flow's lock knows that they are."""
        ended = (
            update(etl_run)
            .where(etl_run.c.flow == self.flow, etl_run.c.state == "running")
            .values(state="failed", message=_ABANDONED, finished_at=now)
        )
        with self.database.begin() as connection:
            return int(connection.execute(ended).rowcount)

    def latest_good(self, day: date, step: StepName) -> StepRow | None:
        """Give the last attempt whose rows may be used."""
        wanted = [etl_run.c.flow == self.flow, etl_run.c.date == day, etl_run.c.step == step]
        wanted.append(etl_run.c.state.in_(_WENT_WELL))
        return self._first(select(etl_run).where(*wanted).order_by(etl_run.c.id.desc()).limit(1))

    def running(self) -> StepRow | None:
        """Give the step that another process is at."""
        wanted = (etl_run.c.flow == self.flow, etl_run.c.state == "running")
        return self._first(select(etl_run).where(*wanted).order_by(etl_run.c.id.desc()).limit(1))

    def newest_loaded(self, but: date) -> StepRow | None:
        """Give the load of another day whose rows show the latest moment of the source."""
        wanted = (
            etl_run.c.flow == self.flow,
            etl_run.c.date != but,
            etl_run.c.step == "load",
            etl_run.c.state == "done",
        )
        return self._first(select(etl_run).where(*wanted).order_by(etl_run.c.as_of.desc().nulls_last()).limit(1))

    def _first(self, query: object) -> StepRow | None:
        with self.database.connect() as connection:
            row = connection.execute(query).first()  # type: ignore[call-overload]  # a select
        return None if row is None else _step_row(row)


def _audited(flow: str, row: StepRow, *, retryable: bool) -> AuditStep:
    failed: Status = "postponed" if retryable else "failed"
    finished = row.finished_at or row.started_at
    return AuditStep(
        name=row.step,
        status="succeeded" if row.went_well else failed,
        at=finished,
        subject=f"{flow} {row.date}",
        outputs=() if row.place is None else (row.place,),
        rows_in=None if row.counts is None else row.counts.rows_in,
        rows_out=None if row.counts is None else row.counts.rows_out,
        message=row.message,
        seconds=(finished - row.started_at).total_seconds(),
    )


def _step_row(row: Row[tuple[object, ...]]) -> StepRow:
    values = row._asdict()
    names = Counts.__dataclass_fields__
    counts = None if values["rows_in"] is None else Counts(**{name: values[name] for name in names})
    return StepRow(counts=counts, **{name: values[name] for name in StepRow.__dataclass_fields__ if name != "counts"})
