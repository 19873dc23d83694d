"""What became of objects in the lake: one row per attempt to put an object's rows into a table.

The id of a row is the attempt's generation: it grows, and a table takes no attempt that is older than the last one it
has of the run. So an attempt whose process was thought dead changes nothing when it comes back.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from sqlalchemy import insert, literal, or_, select, tuple_, update

from dq.ledger.tables import object_inbox, silver_load
from etl_core.audit.account import object_inputs
from etl_core.audit.record import Step
from etl_core.audit.table import add_lines
from etl_core.postgres.locks import lock
from etl_core.storable import storable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.engine import Connection, Engine

    from etl_core.audit.account import Account
    from etl_core.audit.record import Status
    from etl_core.postgres.database import Connects

#: loading: under way, or its process died; loaded: the rows are in the table; held: not to be loaded before somebody
#: says so; failed: could not be loaded; replaced: another object of the run has taken its place.
LoadState: TypeAlias = Literal["loading", "loaded", "held", "failed", "replaced"]

_C = silver_load.c
#: The step that lines of the audit about loads are of.
STEP: Final = "load"
_STATUS: Final[Mapping[str, Status]] = {
    "loaded": "succeeded",
    "replaced": "succeeded",
    "held": "refused",
    "failed": "failed",
}


@dataclass(frozen=True, slots=True)
class LoadSubject:
    """What an attempt is about: the rows of one object of a run, for one table.

    Attributes:
        object_id: the object's row in the inbox.
        table: name of the table, the same for silver and quarantine.
        agency_slug: of the run, as are the next three; the date and the hour are UTC.
        file_name: see above.
        run_date: see above.
        run_hour: 0 to 23.
        definition_fingerprint: of the definition the rows were decided by, which may be newer than the verdict's.
    """

    object_id: int
    table: str
    agency_slug: str
    file_name: str
    run_date: date
    run_hour: int
    definition_fingerprint: str | None = None


@dataclass(frozen=True, slots=True)
class LoadCounts:
    """The rows of an attempt: read = silver + quarantined + malformed, always.

    `healed` rows had values that normalising mended; `unmatched` found no partner in a reference.
    """

    rows_read: int
    rows_silver: int
    rows_quarantined: int
    rows_malformed: int
    rows_healed: int = 0
    rows_unmatched: int = 0

    def __post_init__(self) -> None:
        """Hold the equation before anything is written."""
        if self.rows_read != self.rows_silver + self.rows_quarantined + self.rows_malformed:
            raise AssertionError(
                f"rows were lost: {self.rows_read} read, {self.rows_silver} to silver, {self.rows_quarantined} to"
                f" quarantine, {self.rows_malformed} malformed"
            )


@dataclass(frozen=True, slots=True)
class LoadResult:
    """Rows that are in the tables.

    Attributes:
        counts: what became of the rows.
        delta_version: of the silver table; None where the commit changed nothing.
        quarantine_version: of the quarantine table, likewise.
        note: what is to be said of it although it went well; the reason of a load that is loaded.
    """

    counts: LoadCounts
    delta_version: int | None
    quarantine_version: int | None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class SilverLoad:
    """One attempt as the ledger has it; `id` is its generation."""

    id: int
    subject: LoadSubject
    state: LoadState
    reason: str | None
    delta_version: int | None
    quarantine_version: int | None
    counts: LoadCounts | None
    started_at: datetime
    finished_at: datetime | None


def start_load(engine: Engine, subject: LoadSubject, now: datetime) -> int:
    """Note that an attempt begins; its generation.

    Raises:
        DatabaseUnavailableError: no answer.
    """
    return start_loads(engine, [subject], now)[0]


def start_loads(engine: Engine, subjects: Sequence[LoadSubject], now: datetime) -> tuple[int, ...]:
    """Note that attempts begin, in one statement; their generations, in the same order. Raises as `start_load`."""
    if not subjects:
        return ()
    rows = [{**run_values(subject), "state": "loading", "started_at": now} for subject in subjects]
    statement = insert(silver_load).returning(_C.id, sort_by_parameter_order=True)
    with engine.begin() as connection:
        return tuple(int(id_) for id_ in connection.scalars(statement, rows))


def hold_load(engine: Engine, generation: int, reason: str, now: datetime, account: Account | None = None) -> None:
    """Note that an attempt waits for somebody's word; also that the rows of a loaded one were taken out again.

    Raises:
        LookupError: there is no such attempt.
        DatabaseUnavailableError: no answer.
    """
    _give_up(engine, generation, Ended("held", reason, now, account))


def fail_load(engine: Engine, generation: int, reason: str, now: datetime, account: Account | None = None) -> None:
    """Note that an attempt came to nothing; the tables are as they were.

    Raises:
        LookupError: there is no such attempt.
        DatabaseUnavailableError: no answer.
    """
    _give_up(engine, generation, Ended("failed", reason, now, account))


def replace_load(engine: Engine, generation: int, reason: str, now: datetime, account: Account | None = None) -> None:
    """Note that the tables have a later attempt on the run and took nothing of this one.

    Raises:
        LookupError: there is no such attempt.
        DatabaseUnavailableError: no answer.
    """
    _give_up(engine, generation, Ended("replaced", reason, now, account))


def read_load(engine: Engine, generation: int) -> SilverLoad:
    """One attempt.

    Raises:
        LookupError: there is none of that number.
        DatabaseUnavailableError: no answer.
    """
    with engine.connect() as connection:
        return _row(connection, generation=generation)


def loads_of_run(engine: Engine, subject: LoadSubject) -> tuple[SilverLoad, ...]:
    """All attempts on a run and table, the newest first."""
    query = select(silver_load).where(_is_run_of(subject)).order_by(_C.id.desc())
    with engine.connect() as connection:
        return tuple(load_of(row._mapping) for row in connection.execute(query))  # noqa: SLF001 - SQLAlchemy's public name


def load_of_object(engine: Engine, object_id: int) -> SilverLoad | None:
    """The attempt whose rows of an object a table has now; None where there is none."""
    query = select(silver_load).where(_C.object_id == object_id, _C.state == "loaded").order_by(_C.id.desc()).limit(1)
    with engine.connect() as connection:
        row = connection.execute(query).mappings().one_or_none()
        return None if row is None else load_of(row)


def loads_of_object(engine: Connects, object_id: int) -> tuple[SilverLoad, ...]:
    """All attempts on an object, in their order."""
    query = select(silver_load).where(_C.object_id == object_id).order_by(_C.id)
    with engine.connect() as connection:
        return tuple(map(load_of, connection.execute(query).mappings()))


def known_tables(engine: Engine) -> tuple[str, ...]:
    """The names of all tables that rows were loaded into, also those taken out since, in alphabetical order."""
    query = select(_C.table).where(or_(_C.state == "loaded", _C.rows_read.is_not(None))).distinct().order_by(_C.table)
    with engine.connect() as connection:
        return tuple(connection.scalars(query))


@dataclass(frozen=True, slots=True)
class Ended:
    """How attempts end, when, and what notes it."""

    state: LoadState
    reason: str | None
    now: datetime
    account: Account | None


def _give_up(engine: Engine, generation: int, ended: Ended) -> None:
    with engine.begin() as connection:
        _locked(connection, generation)
        _end(connection, _C.id == generation, ended)


def _end(
    connection: Connection,
    which: ColumnElement[bool],
    ended: Ended,
    **values: Any,  # noqa: ANN401 - columns of the table
) -> None:
    kept = None if ended.reason is None else storable(ended.reason)
    statement = update(silver_load).where(which).values(
        state=ended.state, reason=kept, finished_at=ended.now, **values
    )  # fmt: skip
    if ended.account is None:
        connection.execute(statement)
        return
    found = connection.execute(statement.returning(silver_load, *places())).mappings().all()
    add_lines(connection, [ended.account.line(step_of(row, ended)) for row in found])


def places() -> list[Any]:
    """Where the object of a row is, as columns beside those of the row."""
    return [
        select(object_inbox.c[name]).where(object_inbox.c.id == _C.object_id).scalar_subquery().label(name)
        for name in ("bucket", "key", "read_version_id")
    ]


def step_of(row: Any, ended: Ended) -> Step:  # noqa: ANN401 - a mapping of columns
    """The step of the audit that tells of an attempt's end: of its row, with where its object is."""
    known = row["rows_read"] is not None and ended.state == "loaded"
    told = f"{row['rows_silver']:,} to silver, {row['rows_quarantined']:,} to quarantine" if known else None
    parts = (f"{ended.state}: {told}" if told else ended.state, ended.reason)
    table, version = row["table"], row["delta_version"]
    return Step(
        STEP,
        _STATUS[ended.state],
        ended.now,
        subject=None if row["bucket"] is None else f"s3://{row['bucket']}/{row['key']}",
        inputs=object_inputs(row["object_id"], row["read_version_id"]),
        outputs=(f"load {row['id']}", *((f"{table} version {version}",) if known and version is not None else ())),
        rows_in=row["rows_read"] if known else None,
        rows_out=row["rows_silver"] if known else None,
        message="; ".join(part for part in parts if part),
        seconds=(ended.now - row["started_at"]).total_seconds(),
    )


def lock_name(subject: LoadSubject) -> tuple[str, str]:
    """The name of the lock under which attempts on a run end."""
    run = f"{subject.table}/{subject.agency_slug}/{subject.file_name}/{subject.run_date}/{subject.run_hour}"
    return "silver_load", run


def _locked(connection: Connection, generation: int) -> SilverLoad:
    """The attempt, and nobody else ends one of its run until the transaction ends."""
    load = _row(connection, generation=generation)
    lock(connection, *lock_name(load.subject))
    return _row(connection, generation=generation)


def _row(connection: Connection, *, generation: int) -> SilverLoad:
    row = connection.execute(select(silver_load).where(_C.id == generation)).mappings().one_or_none()
    if row is None:
        raise LookupError(f"pipeline.silver_load has no row {generation}")
    return load_of(row)


def load_of(row: Any) -> SilverLoad:  # noqa: ANN401 - a mapping of columns
    """The attempt of a row."""
    subject = LoadSubject(**{name: row[name] for name in LoadSubject.__dataclass_fields__})
    counted = {name: row[name] for name in LoadCounts.__dataclass_fields__}
    counts = None if row["rows_read"] is None else LoadCounts(**counted)
    return SilverLoad(
        row["id"],
        subject,
        row["state"],
        row["reason"],
        row["delta_version"],
        row["quarantine_version"],
        counts,
        row["started_at"],
        row["finished_at"],
    )


def run_values(subject: LoadSubject) -> dict[str, Any]:
    """What a row says of its subject, as it may be kept."""
    values = asdict(subject)
    return {name: storable(value) if isinstance(value, str) else value for name, value in values.items()}


def _is_run_of(subject: LoadSubject) -> ColumnElement[bool]:
    values = run_values(subject)
    names = ("table", "agency_slug", "file_name", "run_date", "run_hour")
    return tuple_(*(_C[name] for name in names)) == tuple_(*(literal(values[name], _C[name].type) for name in names))
