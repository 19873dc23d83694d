"""Objects restated, lifted, taken out, and lifted beside each other, by processes that die: tables, ledger, an oracle.

A history is a list of steps over two runs of one file, done by the lake's real code on Delta tables and a ledger in
Postgres. The oracle keeps, in plain Python, which load has the rows of a run, and which loads somebody took out. After
each job that was not killed the tables have the rows the oracle says, and the ledger has one loaded load for each run
that has rows; at the end none is open. `make test` takes a few histories, `HYPOTHESIS_PROFILE=thorough` more.

Found by it or by those who tried to break it, and kept as steps below or in tests/end_to_end/lake/test_undo.py:

1. An undo that died between its two commits, or before the ledger, was never finished: it is in the ledger first now.
2. An undo of an older object, done while a newer one was lifted, lost the newer one: it stays due now.
3. A quicker worker that died before the ledger knew had the slower one end as replaced, and nobody loaded: as 2.
4. After the newer object was taken out, taking out the older one brought the newer one back: what somebody took out
   comes back only when somebody releases it.
"""

from __future__ import annotations

import itertools
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from deltalake import DeltaTable
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from dq.definitions import load_definition
from dq.formats.limits import Limits
from dq.ledger.migrate import migrate
from dq.silver_due import DueObject
from etl_core.errors import UsageError
from etl_core.objects.store import S3Access
from etl_core.postgres.database import connect
from pipelines.lake.lifting import load_objects, undo
from pipelines.lake.lifting.lift_objects import lift_objects
from tests.engine.faulty_store import FaultyStore
from tests.pipelines.lake.lake_tables import DAY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.engine import Engine

DEFINITION = load_definition({"format": "csv", "fields": [{"name": "id", "type": "integer"}]})
RUNS = (0, 1)
#: Functions of a load and of an undo before which a process may die, by how often they were called.
LOAD_EFFECTS = (("replace_runs", 1), ("replace_runs", 2), ("finish_loads", 1))
UNDO_EFFECTS = (("replace_runs", 1), ("replace_runs", 2), ("end_undo", 1))

Load = tuple[int, int]  # the object, and a number of its own


class KilledError(BaseException):
    """As if the process had died: nothing in the program catches it."""


def killed_at(call: int, function: Callable[..., Any]) -> Callable[..., Any]:
    """A function in whose call of this number the process dies before it does anything."""
    calls = itertools.count(1)

    def dying(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - passed on
        if next(calls) == call:
            raise KilledError
        return function(*arguments, **options)

    return dying


@dataclass
class Truth:
    """What the runs have: the loads that ever had the rows of each, in order, and which of them were taken out."""

    loads: dict[int, list[Load]] = field(default_factory=lambda: {run: [] for run in RUNS})
    now: dict[int, Load | None] = field(default_factory=lambda: dict.fromkeys(RUNS))
    taken: set[Load] = field(default_factory=set)
    due: set[int] = field(default_factory=set)

    def loaded(self, run: int, load: Load) -> None:
        self.loads[run].append(load)
        self.now[run] = load

    def take_out(self, run: int) -> None:
        gone = self.now[run]
        assert gone is not None
        self.taken.add(gone)
        before = [one for one in self.loads[run] if one[0] != gone[0] and one not in self.taken]
        self.now[run] = before[-1] if before else None
        if before:
            self.loads[run].append(before[-1])


class History:
    """The lake and its ledger, and the truth beside them."""

    def __init__(self, engine: Engine, root: Path) -> None:
        self._engine, self._root, self._truth = engine, root, Truth()
        self._objects: list[DueObject] = []
        self._half_lifted: set[int] = set()  # runs that a process died over; the next one that lifts mends them
        self._numbers = itertools.count(1)
        now = itertools.count()
        self._doors = load_objects.LakeDoors(
            engine, FaultyStore(), str(root / "lake"), S3Access(), Limits(), "any",
            lambda: datetime(2026, 1, 4, tzinfo=timezone.utc) + timedelta(seconds=next(now)),
            lambda: f"id{next(self._numbers)}",
            mock.sentinel.no_reference, mock.sentinel.no_session,
        )  # fmt: skip

    def land(self, run: int, silver: int, quarantined: int) -> None:
        """A newer object of a run."""
        id_ = len(self._objects) + 1
        path = self._root / f"{id_}.csv"
        path.write_text("id\n" + f"{id_}\n" * silver + "x\n" * quarantined)
        one = DueObject(id_, None, str(path), None, None, "a", "trips", DAY, run, 100, True, None)  # type: ignore[arg-type]  # noqa: FBT003 - a verdict
        self._objects.append(one)
        self._truth.due.add(id_)

    def lift(self, kill: int | None, beside: int | None) -> None:
        """What is due, by a process that may die, and beside which a run may be taken out."""
        due = [self._objects[id_ - 1] for id_ in sorted(self._truth.due)]
        undo.finish_undos(self._doors)
        taken: list[int] = []

        def slow(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - passed on
            lifted = lift_objects(*arguments, **options)
            if beside is not None and self._truth.now[beside] is not None:
                taken.append(beside)
                self.undo(beside, None)
            return lifted

        newest = {one.run_hour: one for one in due}
        self._truth.due -= {one.object_id for one in due} - {one.object_id for one in newest.values()}
        with mock.patch.object(load_objects, "lift_objects", slow), killed(load_objects, LOAD_EFFECTS, kill) as died:
            outcomes = load_objects.load_objects(
                due, {one.object_id: DEFINITION for one in due}, (), self._doors.clock(), self._doors
            )
        if died:
            self._half_lifted |= newest.keys()
            return
        self._half_lifted.clear()
        states = {outcome.due.object_id: outcome.state for outcome in outcomes}
        for run, one in newest.items():
            late = run in taken
            assert states[one.object_id] == ("pending" if late else "loaded")
            if not late:
                self._truth.loaded(run, (one.object_id, next(self._numbers)))
                self._truth.due.discard(one.object_id)
        self.require_truth()

    def undo(self, run: int, kill: int | None) -> None:
        """The rows of a run are taken out, by a process that may die: then the next one finishes it."""
        now = self._truth.now[run]
        if now is None:
            if self._objects:
                with pytest.raises(UsageError):
                    undo.undo_object(99, self._doors)
            return
        self._truth.take_out(run)
        with killed(undo, UNDO_EFFECTS, kill) as died:
            undo.undo_object(now[0], self._doors)
        if died:
            return
        self.require_truth()

    def release(self, run: int) -> None:
        """The first object of a run is lifted whatever was said of it."""
        first = next((one for one in self._objects if one.run_hour == run), None)
        if first is not None:
            undo.finish_undos(self._doors)
            load_objects.load_objects(
                [first], {first.object_id: DEFINITION}, {first.object_id}, self._doors.clock(), self._doors
            )
            self._truth.due.discard(first.object_id)
            self._truth.loaded(run, (first.object_id, next(self._numbers)))
            self.require_truth()

    def require_truth(self) -> None:
        """Hold tables and ledger against the truth, but for runs that a process died over."""
        half = self._half_lifted
        having = {run: load[0] for run, load in self._truth.now.items() if load is not None and run not in half}
        texts = {id_: (self._root / f"{id_}.csv").read_text().split()[1:] for id_ in having.values()}
        expected = {
            layer: sorted((run, id_) for run, id_ in having.items() for one in texts[id_] if (one == "x") == bad)
            for layer, bad in (("silver", False), ("quarantine", True))
        }
        found = {layer: [one for one in self._found(layer) if one[0] not in half] for layer in expected}
        assert found == expected
        with self._engine.connect() as connection:
            loads = connection.execute(
                text("SELECT run_hour, object_id FROM pipeline.silver_load WHERE state = 'loaded'")
            )
            assert {run: id_ for run, id_ in loads if run not in half} == having

    def _found(self, layer: str) -> list[tuple[int, int]]:
        folder = self._root / "lake" / layer / "trips"
        if not folder.exists():
            return []
        rows = DeltaTable(str(folder)).to_pyarrow_table(columns=["_run_hour", "_object_id"]).to_pylist()
        return sorted((row["_run_hour"], row["_object_id"]) for row in rows)

    def none_is_open(self) -> bool:
        with self._engine.connect() as connection:
            return not connection.scalar(text("SELECT count(*) FROM pipeline.silver_load WHERE state = 'loading'"))


@contextmanager
def killed(module: object, effects: tuple[tuple[str, int], ...], kill: int | None) -> Iterator[list[bool]]:
    """Let a process die before one of its effects, if it comes that far."""
    died: list[bool] = []
    name, call = effects[kill or 0]
    dying = getattr(module, name) if kill is None else killed_at(call, getattr(module, name))
    with mock.patch.object(module, name, dying):
        try:
            yield died
        except KilledError:
            died.append(True)


KILLS = st.none() | st.integers(0, 2)
STEPS = st.one_of(
    st.tuples(st.just("land"), st.sampled_from(RUNS), st.integers(0, 2), st.integers(0, 1)),
    st.tuples(st.just("lift"), KILLS, st.none() | st.sampled_from(RUNS)),
    st.tuples(st.just("undo"), st.sampled_from(RUNS), KILLS),
    st.tuples(st.just("release"), st.sampled_from(RUNS)),
)
#: With a load of each run before the first step, most undos have something to take out.
BEGINNING = [("land", 0, 1, 1), ("land", 1, 2, 0), ("lift", None, None)]


@pytest.fixture
def engine(new_database: Callable[..., str]) -> Iterator[Engine]:
    made = connect(new_database())
    migrate(made)
    yield made
    made.dispose()


@example([("land", 0, 1, 1), ("lift", None, None), ("undo", 0, None), ("undo", 0, None)])
@example([("undo", 0, 1), ("lift", None, None)])
@example([("land", 0, 1, 1), ("lift", None, 0), ("lift", None, None)])
@given(st.lists(STEPS, min_size=2, max_size=10))
@settings(
    max_examples=max(settings().max_examples // 20, 5),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_whatever_happens_to_the_lake_its_tables_and_its_ledger_are_those_of_a_clean_run(
    engine: Engine, steps: list[tuple[Any, ...]]
) -> None:
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE pipeline.silver_load RESTART IDENTITY"))
    root = Path(tempfile.mkdtemp(prefix="dq-history-"))
    try:
        history = History(engine, root)
        for name, *arguments in [*BEGINNING, *steps, ("lift", None, None)]:
            getattr(history, name)(*arguments)
        history.require_truth()
        assert history.none_is_open()
    finally:
        shutil.rmtree(root)
