"""Several processes observe what one would, and one that dies leaves its work to the others."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING

import psutil
import pytest
from sqlalchemy import text

from operations.observations import observe as observing
from operations.observations.observe import observe
from tests.operations.observations.landscape import MANNER, add_file, add_run, at, state

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from dq import Catalogue

_SAID = """
    SELECT file_name, run_date, metric, column_name, state, value, expected_low, expected_high, deviation, reason
    FROM pipeline.observation ORDER BY file_name, run_date, metric, column_name
"""


def _said(database: Engine) -> list[tuple[object, ...]]:
    with database.connect() as connection:
        return [tuple(row) for row in connection.execute(text(_SAID))]


def _forget(database: Engine) -> None:
    with database.begin() as connection:
        connection.execute(text("TRUNCATE pipeline.observation, pipeline.observed_file, pipeline.observation_progress"))


@pytest.fixture(autouse=True)
def _files(database: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten files, each a block of its own; one of them halved."""
    monkeypatch.setattr(observing, "_BLOCK", 1)
    for number in range(10):
        file = add_file(database, f"file {number}")
        for day in range(12):
            halved = number == 3 and day == 11
            add_run(database, file, day, size=400 if halved else 1000, state=state(seed=day), keeps_state=day > 9)


@pytest.mark.night
def test_they_find_what_one_finds(database: Engine, catalogue: Catalogue) -> None:
    one = observe(database, catalogue, MANNER, at(12))
    alone = _said(database)
    _forget(database)
    two = observe(database, catalogue, MANNER, at(12), processes=2)
    assert one == two
    assert _said(database) == alone
    assert any(row[4] == "unusual" for row in alone)


def _observes(process: psutil.Process) -> bool:
    try:
        return "spawn_main" in " ".join(process.cmdline())
    except psutil.Error:  # it has just ended
        return False


def test_where_one_is_killed_all_is_observed(database: Engine, catalogue: Catalogue) -> None:
    over, killed = threading.Event(), list[int]()

    def kill() -> None:
        """The first process that there is."""
        while not over.wait(0.02):
            found = [one for one in psutil.Process().children() if _observes(one)]
            if found and not killed:
                killed.append(found[0].pid)
                os.kill(found[0].pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        found = observe(database, catalogue, MANNER, at(12), processes=2)
    finally:
        over.set()
        killer.join()
    assert len(killed) == 1
    assert found is not None
    assert (found.runs, found.files) == (120, 10)
    assert len({row[0] for row in _said(database)}) == 10


def test_asked_to_stop_nothing_is_noted(database: Engine, catalogue: Catalogue) -> None:
    assert observe(database, catalogue, MANNER, at(12), lambda: True, processes=2) is None
    with database.connect() as connection:
        assert connection.execute(text("SELECT 1 FROM pipeline.observation_progress")).first() is None
