"""What can happen in the middle of what a process does, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulation.world.object_store import PLAIN, VERSIONED
from tests.simulation.world.world import key_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.simulation.world.consumer import Consumer
    from tests.simulation.world.world import World

#: More than a lease, and than the silence after which the rows of a process are anybody's.
STALL_SECONDS = 125


def befall(world: World, one: Consumer, other: Consumer, what: str, after: int) -> None:
    """Have something happen to `one`, at the moment after so many more."""
    faults = one.faults
    own: Mapping[str, Callable[[int], None]] = {
        "dies": faults.die,
        "loses an answer": faults.lose,
        "is stopped": faults.stop,
    }
    outages = {"database restarts": "database", "store goes away": "store"}
    if what in own:
        own[what](after)
    elif what in outages:
        faults.at(after, lambda: world.begin_outage(outages[what], turns=1))
    else:
        faults.meanwhile(after, lambda: _meanwhile(world, other, what))


def _meanwhile(world: World, other: Consumer, what: str) -> None:
    """What others do while a process is in the middle of something."""
    key = key_of("trips")
    match what:
        case "object is overwritten":
            for bucket in (PLAIN, VERSIONED):
                world.announce(world.put(bucket, key))
        case "object is deleted":
            for bucket in (PLAIN, VERSIONED):
                world.buckets.delete(bucket, key)
        case "person retries":
            world.retry(row["id"] for row in world.witness.ledger())
        case "stalls":
            world.clock.forward(STALL_SECONDS)
        case "other works":
            _turn(other)
        case "stalls and other works":
            world.clock.forward(STALL_SECONDS)
            _turn(other)
        case _:
            raise AssertionError(what)


def _turn(one: Consumer) -> None:
    one.run(one.receive)
    one.run(one.work)
