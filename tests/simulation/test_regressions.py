"""Schedules that once showed a fault, step by step, and every moment of a short one."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import hypothesis
import pytest

from tests.simulation.mishaps import befall
from tests.simulation.oracle.rest import check_replay, check_rest, come_to_rest
from tests.simulation.world.object_store import PLAIN, VERSIONED
from tests.simulation.world.world import FILES, World, key_of

if TYPE_CHECKING:
    from tests.simulation.world.databases import Simulation


#: Of the moments of a schedule every so many-th is tried, all of them in a long run.
_SOME = 7


def begun(simulation: Simulation, variant: int = 0, ahead: float | None = None) -> World:
    """A world in which both files are configured."""
    world = simulation.new_world(variant, ahead=ahead, batch_size=20)
    for file_name in FILES:
        world.configure(file_name)
    return world


def turn(world: World, who: int = 0) -> None:
    """A consumer takes in what there is and works on it."""
    one = world.consumers[who]
    one.run(one.receive)
    one.run(one.work)


def states(world: World) -> dict[str, str]:
    """The states of the ledger's rows by the versions that they are about."""
    return {row["version_id"] or row["sequencer"]: row["state"] for row in world.witness.ledger()}


def settle_down(world: World) -> None:
    """Let everything calm down, and hold the account."""
    come_to_rest(world)
    check_rest(world)
    check_replay(world)
    assert world.oracle.broken == []


@pytest.mark.parametrize("variant", [0, 1])
def test_the_older_version_of_a_run_ends_as_superseded_when_the_newer_one_has_the_verdict(
    simulation: Simulation, variant: int
) -> None:
    """Both were `done`."""
    world = begun(simulation, variant)
    world.announce(world.put(VERSIONED, key_of("trips")))
    turn(world)
    world.announce(world.put(VERSIONED, key_of("trips")))
    turn(world)
    assert states(world) == {"v1": "superseded", "v2": "done"}
    settle_down(world)


def test_an_old_version_stays_superseded_where_an_object_of_another_key_has_the_verdict_since(
    simulation: Simulation,
) -> None:
    """Within a second nothing orders two keys, so that the old version was held against none of its own."""
    world = begun(simulation)
    old, new = (world.put(VERSIONED, key_of("trips")) for _ in range(2))
    other = world.put(VERSIONED, key_of("trips", "other.csv"))
    for version in (new, other, old):
        world.announce(version)
        turn(world)
    assert states(world) == {"v1": "superseded", "v2": "superseded", "v3": "done"}
    settle_down(world)


@pytest.mark.parametrize("is_gone", [False, True])
@pytest.mark.parametrize("variant", [0, 1])
def test_a_verdict_that_is_tried_anew_still_holds_older_versions_back(
    simulation: Simulation, variant: int, *, is_gone: bool
) -> None:
    """Also where its object is gone by then: the verdict is there all the same."""
    world = begun(simulation, variant)
    old = world.put(VERSIONED, key_of("trips"))
    world.pass_time(5)
    new = world.put(VERSIONED, key_of("trips"))
    world.announce(new)
    turn(world)
    world.buckets.refusals[VERSIONED, key_of("trips")] = ("SlowDown", 1)
    if is_gone:
        world.buckets.destroy(new)
        world.buckets.refusals.clear()
    world.retry([world.witness.ledger()[0]["id"]])
    turn(world)
    world.announce(old)
    turn(world)
    assert states(world) == {"v1": "superseded", "v2": "gone" if is_gone else "pending"}
    assert [one.message for one in world.witness.standing()] == [new.body.decode()]
    settle_down(world)


def test_a_database_that_fails_while_verdicts_are_written_costs_no_object_an_attempt(simulation: Simulation) -> None:
    """However often; it had killed objects that nothing was wrong with."""
    for after in range(60):
        world = begun(simulation)
        world.announce(world.put(PLAIN, key_of("trips")))
        one = world.consumers[0]
        one.run(one.receive)
        befall(world, one, world.consumers[1], "loses an answer", after)
        one.run(one.work)
        blamed = sum(world.buckets.blamed.values())
        assert world.witness.ledger()[0]["attempts"] <= 1
        if world.witness.ledger()[0]["state"] == "pending":
            assert world.witness.ledger()[0]["attempts"] == blamed, f"at moment {after}"
        assert world.oracle.broken == []


def test_an_object_that_took_the_place_of_another_within_its_second_unannounced_is_found(
    simulation: Simulation,
) -> None:
    """An announcement has the time to the millisecond, a listing to the second: the older one was taken for later."""
    world = begun(simulation)
    world.clock.forward(0.3)
    world.announce(world.put(VERSIONED, key_of("trips"), b"raises"))
    world.clock.forward(0.3)
    unannounced = world.put(VERSIONED, key_of("trips"))
    settle_down(world)
    assert [row["state"] for row in world.witness.ledger()] == ["dead", "done"]
    assert [one.message for one in world.witness.standing()] == [unannounced.body.decode()]


@pytest.mark.parametrize(
    "what", ["dies", "loses an answer", "is stopped", "database restarts", "stalls and other works"]
)
def test_whatever_befalls_a_process_at_whichever_moment_the_account_is_right(simulation: Simulation, what: str) -> None:
    """Two objects of one run, a poisoned one and one that is not there, from the queue to their ends.

    Some of the moments, in a long run all of them.
    """
    seen: Counter[str] = Counter()
    is_long = hypothesis.settings.get_current_profile_name() in {"long", "thorough"}
    for after in range(len(what) % _SOME, 1000, 1 if is_long else _SOME):
        world = begun(simulation, after % 2)
        world.announce(*(world.put(VERSIONED, key_of("trips")) for _ in range(2)))
        world.announce(world.put(PLAIN, key_of("stops"), b"raises"))
        world.announce(world.put(PLAIN, key_of("trips", "gone.csv")))
        world.buckets.delete(PLAIN, key_of("trips", "gone.csv"))
        one, other = world.consumers
        befall(world, one, other, what, after)
        turn(world)
        came = one.faults.moments <= after and one.life == 1
        settle_down(world)
        seen.update(states(world).values())
        if came:  # the moment was never reached: all there are were tried
            break
    assert after > 50
    assert set(seen) == {"done", "superseded", "dead", "gone"}


def test_two_owners_whose_clocks_are_130_seconds_apart_lose_nothing(simulation: Simulation) -> None:
    """Neither asks the database what time it is: the leases of the one have long ended in the eyes of the other."""
    for after in range(0, 1000, _SOME):
        world = begun(simulation, after % 2, ahead=130.0)
        world.announce(*(world.put(VERSIONED, key_of("trips")) for _ in range(2)))
        world.announce(world.put(PLAIN, key_of("stops")))
        one, other = world.consumers
        befall(world, one, other, "stalls and other works", after)
        turn(world)
        came = one.faults.moments <= after
        turn(world, 1)
        settle_down(world)
        assert sorted(states(world).values()) == ["done", "done", "superseded"]
        if came:
            break
    assert after > 50
