"""lake undo that dies, or that others lift beside: the tables are those of one clean run, and the ledger says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from dq import finish_loads
from jobs.cli import main
from pipelines.lake.lifting import load_objects, undo
from pipelines.lake.lifting.lift_objects import lift_objects
from tests.end_to_end.lake.lake_rows import loads, rows
from tests.end_to_end.landing import Landing, key_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.end_to_end.command_line import CommandLine

FIRST, SECOND = b"id\n1\nx\n", b"id\n2\ny\nz\n"


class KilledError(BaseException):
    """As if the process had died: nothing in the program catches it."""


@pytest.fixture
def judged(landing: Landing) -> Landing:
    """One object with a verdict: a good row, and one for quarantine."""
    definition = {"format": "csv", "fields": [{"name": "id", "type": "integer"}], "scoring": {"passScore": 0}}
    landing.configure(definition=definition)
    return land(landing, FIRST)


def land(landing: Landing, body: bytes) -> Landing:
    landing.announce(landing.put(key_of(), body))
    landing.process()
    return landing


def found(command_line: CommandLine) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Objects and ids in silver, objects and lines in quarantine."""
    silver = [(row["_object_id"], row["id"]) for row in rows(command_line, "silver")]
    return silver, [(row["_object_id"], row["_line"]) for row in rows(command_line, "quarantine")]


ROWS = {1: ([(1, 1)], [(1, 3)]), 2: ([(2, 2)], [(2, 3), (2, 4)])}
NONE: tuple[list[Any], list[Any]] = ([], [])


def states(landing: Landing) -> set[tuple[Any, ...]]:
    """The last load of each object that has not been replaced."""
    return {load for load in loads(landing, "object_id, state") if load[1] != "replaced"}


def killed_at(call: int, function: Callable[..., Any]) -> Callable[..., Any]:
    """A function in whose call of this number, counted from 1, the process dies before it does anything."""
    count = 0

    def dying(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - passed on
        nonlocal count
        count += 1
        if count == call:
            raise KilledError
        return function(*arguments, **options)

    return dying


#: The effects of taking out, each killed just before: quarantine, silver, the ledger's word.
EFFECTS = (("replace_runs", 1), ("replace_runs", 2), ("end_undo", 1))


def kill(command_line: CommandLine, object_id: int, effect: tuple[str, int], *more: str) -> None:
    name, call = effect
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(undo, name, killed_at(call, getattr(undo, name)))
        with pytest.raises(KilledError):
            command_line.run("lake", "undo", "--object", str(object_id), *more)


def test_an_undo_that_died_is_finished_by_the_next_run(command_line: CommandLine, judged: Landing) -> None:
    assert command_line.run("to_silver").code == 0
    land(judged, SECOND)
    assert command_line.run("to_silver").code == 0
    for effect in EFFECTS:
        kill(command_line, 2, effect)
        assert command_line.run("to_silver").code == 0
        assert (found(command_line), states(judged)) == (ROWS[1], {(1, "loaded")}), effect
        assert command_line.run("to_silver", "--release", "2").code == 0
        assert (found(command_line), states(judged)) == (ROWS[2], {(2, "loaded")}), effect
    with judged.database.connect() as connection:
        told = "SELECT count(*) FROM pipeline.audit WHERE job = 'to_silver' AND message LIKE '%again' AND rows_out = 1"
        assert connection.scalar(text(told)) == len(EFFECTS)


def test_an_undo_without_predecessor_that_died_is_finished_by_the_next_undo(
    command_line: CommandLine, judged: Landing
) -> None:
    assert command_line.run("to_silver").code == 0
    for effect in EFFECTS:
        kill(command_line, 1, effect)
        ran = command_line.run("lake", "undo", "--object", "1")
        assert (ran.code, found(command_line)) == (0, NONE), (effect, ran.err)
        assert set(loads(judged, "state")[-2:]) == {("held",)}
        assert command_line.run("to_silver", "--release", "1").code == 0
        assert found(command_line) == ROWS[1]


def test_an_undo_that_died_yields_to_a_later_load(command_line: CommandLine, judged: Landing) -> None:
    assert command_line.run("to_silver").code == 0
    kill(command_line, 1, EFFECTS[1])
    land(judged, SECOND)
    assert command_line.run("to_silver").code == 0
    assert found(command_line) == ROWS[2]
    assert (2, "loaded") in states(judged)
    assert "loading" not in {state for _, state in loads(judged, "object_id, state")}


def beside(other: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> None:
    """Have something happen once, after rows were written and before they are committed."""
    real, done = lift_objects, list[bool]()

    def slow(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - passed on
        lifted = real(*arguments, **options)
        if not done:
            done.append(True)
            other()
        return lifted

    monkeypatch.setattr(load_objects, "lift_objects", slow)


def test_an_undo_of_an_older_object_does_not_lose_the_newer_one_that_is_lifted_beside(
    command_line: CommandLine, judged: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert command_line.run("to_silver").code == 0
    land(judged, SECOND)
    beside(lambda: main(["lake", "undo", "--object", "1"]), monkeypatch)
    assert command_line.run("to_silver").code == 75
    assert command_line.run("to_silver").code == 0
    assert found(command_line) == ROWS[2]
    assert (2, "loaded") in states(judged)


def test_a_quicker_worker_that_dies_before_the_ledger_knows_leaves_the_object_due(
    command_line: CommandLine, judged: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    def quicker() -> None:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(load_objects, "finish_loads", killed_at(1, finish_loads))
            with pytest.raises(KilledError):
                main(["to_silver"])

    beside(quicker, monkeypatch)
    assert command_line.run("to_silver").code == 75
    assert command_line.run("to_silver").code == 0
    assert (found(command_line), states(judged)) == (ROWS[1], {(1, "loaded")})


def test_where_the_rows_before_are_gone_the_object_is_taken_out_alone(
    command_line: CommandLine, judged: Landing
) -> None:
    """As after a `lake maintain`; also where an undo had begun that nobody can finish."""
    assert command_line.run("to_silver").code == 0
    land(judged, SECOND)
    (old,) = (command_line.folder / ".data/lake/silver").rglob("*.parquet")
    assert command_line.run("to_silver").code == 0
    kill(command_line, 2, EFFECTS[1])
    old.unlink()
    ran = command_line.run("to_silver")
    assert (ran.code, "lake undo --alone" in ran.err) == (75, True), ran.err
    assert found(command_line) == (ROWS[2][0], ROWS[1][1]), "the tables are apart"
    ran = command_line.run("lake", "undo", "--object", "2")
    assert (ran.code, "lake undo --alone" in ran.err) == (1, True), ran.err
    ran = command_line.run("lake", "undo", "--object", "2", "--alone")
    assert (ran.code, "the run has none now" in ran.out) == (0, True), ran.err
    assert found(command_line) == NONE
    assert command_line.run("to_silver", "--release", "2").code == 0
    kill(command_line, 2, EFFECTS[1], "--alone")
    assert command_line.run("to_silver").code == 0, "it is finished as it was begun"
    assert found(command_line) == NONE
