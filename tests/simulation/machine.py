"""Schedules: what can happen in a world, in any order, with faults in the middle of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from hypothesis import event
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.simulation.object_store import PLAIN, VERSIONED
from tests.simulation.world import BROKEN, FILES, GOOD, key_of
from tests.simulation.world_at_rest import check_replay, check_rest, come_to_rest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dq.events.run_window import WindowSource
    from tests.simulation.consumer import Consumer
    from tests.simulation.databases import Simulation

KEYS = [key_of("trips"), key_of("trips", "b+b c.csv"), key_of("stops"), key_of("trips", hour=13), "elsewhere.csv"]
SECONDS = [0.3, 5, 31, 61, 125, 400, 4000]
CODES = ["AccessDenied", "NoSuchKey", "PreconditionFailed", "SlowDown"]

PLACES = st.tuples(st.sampled_from([PLAIN, VERSIONED]), st.sampled_from(KEYS))
CONTENTS = st.sampled_from([b"good", b"good", b"good", b"long", b"long", b"raises", b"kills"])
WHICH = st.integers(0, 1)
NUMBER = st.integers(0, 20)
#: What befalls a process, and at which of its moments.
FAULTS = st.none() | st.tuples(
    st.sampled_from(
        ["dies", "loses", "stops", "overwritten", "deleted", "other works", "stalls", "stalls, other works"]
    ),
    st.integers(0, 45),
)


class Schedule(RuleBasedStateMachine):
    """A world and what happens in it; at the end everything calms down, and the account has to be right."""

    #: Schedules that came to their end, and the steps of them.
    schedules, steps = 0, 0

    def __init__(self, simulation: Simulation) -> None:
        super().__init__()
        self._simulation = simulation
        self.world = simulation.new_world()

    @initialize(
        variant=WHICH,
        ahead=st.sampled_from([None, None, 130.0]),
        batch_size=st.sampled_from([1, 3, 20]),
        run_window=st.sampled_from(["key", "last_modified"]),
        configured=st.sampled_from([FILES, FILES[:1], ()]),
    )
    def begin(
        self,
        variant: int,
        ahead: float | None,
        batch_size: int,
        run_window: WindowSource,
        configured: Sequence[str],
    ) -> None:
        self.world = self._simulation.new_world(variant, ahead=ahead, batch_size=batch_size, run_window=run_window)
        for file_name in configured:
            self.world.configure(file_name)

    @rule(place=PLACES, what=CONTENTS, again=st.booleans(), told=st.sampled_from(["once", "twice", "never", "bridge"]))
    def put(self, place: tuple[str, str], what: bytes, told: str, *, again: bool) -> None:
        version = self.world.put(*place, what, again=again)
        if told == "bridge":
            self.world.announce(version, dialect="eventbridge")
        for _ in range({"once": 1, "twice": 2}.get(told, 0)):
            self.world.announce(version)

    @rule(places=st.lists(PLACES, min_size=2, max_size=4))
    def put_several(self, places: Sequence[tuple[str, str]]) -> None:
        self.world.announce(*(self.world.put(*place) for place in places))

    @rule(place=PLACES)
    def delete(self, place: tuple[str, str]) -> None:
        self.world.buckets.delete(*place)

    @precondition(lambda self: self.world.buckets.written)
    @rule(number=NUMBER)
    def destroy(self, number: int) -> None:
        written = self.world.buckets.written
        self.world.buckets.destroy(written[number % len(written)])

    @rule()
    def send_garbage(self) -> None:
        self.world.send_garbage()

    @precondition(lambda self: len(self.world.queue.messages) > 1)
    @rule(order=st.randoms(use_true_random=False))
    def reorder(self, order) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001  Hypothesis names no type of it
        order.shuffle(self.world.queue.messages)

    @precondition(lambda self: self.world.queue.log)
    @rule(number=NUMBER)
    def deliver_again(self, number: int) -> None:
        log = self.world.queue.log
        self.world.queue.send(log[number % len(log)])

    @rule(who=WHICH, fault=FAULTS)
    def receive(self, who: int, fault: tuple[str, int] | None) -> None:
        one = self._with_fault(who, fault)
        one.run(one.receive)

    @rule(who=WHICH, fault=FAULTS)
    def work(self, who: int, fault: tuple[str, int] | None) -> None:
        one = self._with_fault(who, fault)
        one.run(one.work)

    @rule(who=WHICH, batch=st.integers(1, 20))
    def process_a_batch_again(self, who: int, batch: int) -> None:
        one = self.world.consumers[who]
        one.run(lambda: one.process(batch))

    @rule(who=WHICH)
    def kill(self, who: int) -> None:
        self.world.consumers[who].bury()

    @rule(who=WHICH)
    def restart_reader(self, who: int) -> None:
        self.world.consumers[who].restart_reader()

    @rule(who=WHICH)
    def renew(self, who: int) -> None:
        one = self.world.consumers[who]
        one.run(one.renew)

    @rule(who=WHICH)
    def look_for_due(self, who: int) -> None:
        one = self.world.consumers[who]
        one.run(one.look_for_due)

    @precondition(lambda self: self.world.oracle.dead_owners)
    @rule(who=WHICH, number=NUMBER)
    def take_over(self, who: int, number: int) -> None:
        dead = sorted(self.world.oracle.dead_owners)
        one = self.world.consumers[who]
        one.run(lambda: one.take_over(dead[number % len(dead)]))

    @rule(seconds=st.sampled_from(SECONDS))
    def pass_time(self, seconds: float) -> None:
        self.world.pass_time(seconds)

    @rule(what=st.sampled_from(["database", "store", "queue"]))
    def outage_begins_or_ends(self, what: str) -> None:
        world = self.world
        match what:
            case "database":
                world.server.is_up = not world.server.is_up
            case "store":
                world.buckets.answers = not world.buckets.answers
            case _:
                world.queue.answers = not world.queue.answers

    @rule(place=PLACES, code=st.sampled_from(CODES), times=st.integers(1, 6))
    def refuse_reads(self, place: tuple[str, str], code: str, times: int) -> None:
        self.world.buckets.refusals[place] = (code, times)

    @rule(file_name=st.sampled_from(FILES), definition=st.sampled_from([GOOD, BROKEN]))
    def configure(self, file_name: str, definition: dict[str, object]) -> None:
        self.world.configure(file_name, definition)

    @rule()
    def reconcile(self) -> None:
        self.world.reconcile()

    @rule(numbers=st.lists(NUMBER, min_size=1, max_size=3))
    def person_retries(self, numbers: Sequence[int]) -> None:
        self.world.retry(self._row_ids(numbers))

    @rule(numbers=st.lists(NUMBER, min_size=1, max_size=2))
    def person_discards(self, numbers: Sequence[int]) -> None:
        self.world.discard(self._row_ids(numbers))

    def check_invariants(self, *how: Any) -> None:  # noqa: ANN401  Hypothesis'
        """After every step."""
        super().check_invariants(*how)
        Schedule.steps += 1
        self._nothing_is_broken()

    def _nothing_is_broken(self) -> None:
        assert not self.world.oracle.broken, "\n".join(self.world.oracle.broken)

    def teardown(self) -> None:
        come_to_rest(self.world)
        self._nothing_is_broken()
        check_rest(self.world)
        check_replay(self.world)
        self._nothing_is_broken()
        Schedule.schedules += 1
        for state in {row["state"] for row in self.world.witness.ledger()}:
            event(f"ended {state}")

    def _row_ids(self, numbers: Sequence[int]) -> list[int]:
        ids = [row["id"] for row in self.world.witness.ledger()]
        return sorted({ids[number % len(ids)] for number in numbers}) if ids else []

    def _with_fault(self, who: int, fault: tuple[str, int] | None) -> Consumer:
        """The consumer, to which something will happen in the middle of what it does next."""
        one = self.world.consumers[who]
        if fault is None:
            return one
        what, after = fault
        waits = {"dies": one.faults.die, "loses": one.faults.lose, "stops": one.faults.stop}
        if what in waits:
            waits[what](after)
        else:
            one.faults.meanwhile(after, self._meanwhile(what, self.world.consumers[1 - who]))
        return one

    def _meanwhile(self, what: str, other: Consumer) -> Callable[[], object]:
        world = self.world

        def overwrite() -> None:
            for bucket in (PLAIN, VERSIONED):
                world.announce(world.put(bucket, KEYS[0]))

        def delete() -> None:
            for bucket in (PLAIN, VERSIONED):
                world.buckets.delete(bucket, KEYS[0])

        def other_works() -> None:
            other.run(other.receive)
            other.run(other.work)

        def stall() -> None:
            world.clock.forward(125)

        actions: dict[str, Sequence[Callable[[], object]]] = {
            "overwritten": [overwrite],
            "deleted": [delete],
            "other works": [other_works],
            "stalls": [stall],
            "stalls, other works": [stall, other_works],
        }
        return lambda: [action() for action in actions[what]]
