"""Whatever an application does while it is read, and whenever a process dies: no record is lost, none comes twice."""

from __future__ import annotations

import logging
import sys
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING

import hypothesis
import pytest
import structlog

from pipelines.api_ingestion import ingest as ingest_module
from pipelines.api_ingestion import reading as reading_module
from pipelines.api_ingestion.ingest import Asked, ingest_endpoint
from pipelines.api_ingestion.landing import land as land_module
from pipelines.api_ingestion.reading import Reading
from tests.pipelines.api_ingestion.simulated_world import KilledError, World

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Histories by Hypothesis' profile; `HYPOTHESIS_PROFILE=long` takes minutes.
HISTORIES = {"quick": 60, "thorough": 2_000, "long": 10_000}
_USUALLY = 120


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Faults are told by the thousand."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.configure(**before)


def play(seed: int) -> World:
    """A history up to its calm end."""
    world = World(seed)
    chance = world.chance
    for _ in range(chance.randint(0, 16)):
        world.application.add()
    for _ in range(chance.randint(1, 5)):
        world.now += chance.choice([0.3, 5.0, 60.0, 1800.0, 4000.0])
        world.kill_in(chance.choice([None, None, *range(12)]))
        with suppress(KilledError):
            ingest_endpoint(world.doors(), "things", Asked())
    world.kill_in(None)
    world.application.is_busy = False
    for _ in range(2):
        world.now += 100.0
        outcome = ingest_endpoint(world.doors(), "things", Asked())
        assert outcome.state in {"landed", "nothing new"}, outcome
    return world


def problems(world: World) -> list[str]:
    """What is wrong at the end of a history."""
    rows = Counter((row["id"], row["v"]) for row in world.rows_of_runs())
    found = [f"{row} is there {count} times" for row, count in rows.items() if count > 1]
    found += [
        f"record {row.number} is not there as it is now, version {row.version}"
        for row in world.application.rows.values()
        if (row.number, row.version) not in rows
    ]
    landed = {(row["id"], row["v"]) for _, key in world.account.announced for row in world.rows_of(key)}
    found += [f"{row} was announced, and another object took its place" for row in landed - rows.keys()]
    announced = {key for _, key in world.account.announced}
    found += [f"{key} lies in the bucket and was not announced" for key in world.bucket.objects.keys() - announced]
    return found


def test_no_record_is_lost_and_none_is_doubled() -> None:
    histories = HISTORIES.get(hypothesis.settings.get_current_profile_name(), _USUALLY)
    failed = {}
    for seed in range(histories):
        world = play(seed)
        if found := problems(world):
            app = world.application
            failed[seed] = (app.kind, app.order, app.since, app.form, found)
            if len(failed) == 5:
                break
    sys.stdout.write(f"{histories} histories\n")
    assert failed == {}


def _read_once(reading: Reading) -> None:
    reading._sweep()


@pytest.mark.parametrize(
    ("seed", "without", "what", "instead"),
    [
        (32, Reading, "sweep_until_settled", _read_once),
        (165, reading_module, "at_moment", lambda *_: None),
        (0, Reading, "leave_out_edge", lambda _: None),
        (0, Reading, "leave_out", lambda _reading, _packed: None),
        (0, ingest_module, "recover", lambda _doors, _name: []),
        (0, land_module, "_window", lambda *rest: (rest[-1].replace(minute=0, second=0, microsecond=0), b"")),
    ],
)
def test_without_any_of_its_means_a_history_goes_wrong(
    seed: int, without: object, what: str, instead: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second reading, the signpost, digests of the edge and of cut-off readings, what a crash left, the hour."""
    assert problems(play(seed)) == []
    monkeypatch.setattr(without, what, instead)
    assert any(problems(play(other)) for other in (seed, 1, 2, 3))
