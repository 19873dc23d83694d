"""Schedules: what can happen in a world, in any order, with faults in the middle of it."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

from hypothesis import event
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.simulation.mishaps import befall
from tests.simulation.oracle.rest import check_replay, check_rest, come_to_rest
from tests.simulation.world.object_store import PLAIN, VERSIONED
from tests.simulation.world.world import BROKEN, FILES, GOOD, key_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    from dq.events.run_window import WindowSource
    from tests.simulation.world.consumer import Consumer
    from tests.simulation.world.databases import Simulation

    #: What happens, and at which moment.
    Fault: TypeAlias = tuple[str, int]

KEYS = [key_of("trips"), key_of("trips", "b+b c.csv"), key_of("stops"), key_of("trips", hour=13), "elsewhere.csv"]
CODES = ["AccessDenied", "NoSuchKey", "PreconditionFailed", "SlowDown"]

PLACES = st.tuples(st.sampled_from([PLAIN, VERSIONED]), st.sampled_from([KEYS[0], *KEYS]))
CONTENTS = st.sampled_from([b"good", b"good", b"good", b"good", b"long", b"long", b"raises", b"kills"])
WHICH = st.sampled_from([0, 1])
NUMBER = st.integers(0, 20)
#: What befalls a process, and at which of its moments: a batch of three has about a hundred.
FAULTS = st.none() | st.tuples(
    st.sampled_from(
        [
            *(
                "dies",
                "dies",
                "loses an answer",
                "loses an answer",
                "is stopped",
                "database restarts",
                "store goes away",
            ),
            *("object is overwritten", "object is deleted", "person retries", "stalls", "other works"),
            "stalls and other works",
        ]
    ),
    st.sampled_from([*range(12), *range(30), *range(100)]),
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
        configured=st.sampled_from([FILES, FILES, FILES[:1]]),
        places=st.lists(PLACES, min_size=1, max_size=6),
    )
    def begin(
        self,
        variant: int,
        ahead: float | None,
        batch_size: int,
        run_window: WindowSource,
        configured: Sequence[str],
        places: Sequence[tuple[str, str]],
    ) -> None:
        self.world = self._simulation.new_world(variant, ahead=ahead, batch_size=batch_size, run_window=run_window)
        for file_name in configured:
            self.world.configure(file_name)
        for place in places:
            self.world.announce(self.world.put(*place))

    @rule(place=PLACES, what=CONTENTS, again=st.booleans(), told=st.sampled_from(["once", "twice", "never", "bridge"]))
    def put(self, place: tuple[str, str], what: bytes, told: str, *, again: bool) -> None:
        version = self.world.put(*place, what, again=again)
        if told == "bridge":
            self.world.announce(version, dialect="eventbridge")
        for _ in range({"once": 1, "twice": 2}.get(told, 0)):
            self.world.announce(version)

    @rule(places=st.lists(PLACES, min_size=2, max_size=5))
    def put_several_and_tell_in_one_message(self, places: Sequence[tuple[str, str]]) -> None:
        self.world.announce(*(self.world.put(*place) for place in places))

    @rule(
        place=PLACES, what=st.sampled_from(["delete", "destroy", "refuse"]), number=NUMBER, code=st.sampled_from(CODES)
    )
    def lose_object(self, place: tuple[str, str], what: str, number: int, code: str) -> None:
        buckets = self.world.buckets
        versions = buckets.named_ever(*place)
        match what:
            case "delete":
                buckets.delete(*place)
            case "destroy" if versions:
                buckets.destroy(versions[number % len(versions)])
            case "refuse":
                buckets.refusals[place] = (code, 1 + number % 6)

    @rule(what=st.sampled_from(["reorder", "deliver again", "garbage"]), number=NUMBER)
    def disturb_queue(self, what: str, number: int) -> None:
        queue = self.world.queue
        match what:
            case "reorder":
                Random(number).shuffle(queue.messages)
            case "deliver again" if queue.log:
                queue.send(queue.log[number % len(queue.log)])
            case "garbage":
                self.world.send_garbage()

    @rule(who=WHICH, fault=FAULTS)
    def receive(self, who: int, fault: Fault | None) -> None:
        one = self._with_fault(who, fault)
        one.run(one.receive)

    @rule(who=WHICH, fault=FAULTS)
    def work(self, who: int, fault: Fault | None) -> None:
        one = self._with_fault(who, fault)
        one.run(one.work)

    @rule(who=WHICH, fault=FAULTS)
    def receive_and_work(self, who: int, fault: Fault | None) -> None:
        one = self._with_fault(who, None)
        one.run(one.receive)
        one = self._with_fault(who, fault)
        one.run(one.work)

    @rule(who=WHICH, fault=FAULTS)
    def receive_twice_and_work(self, who: int, fault: Fault | None) -> None:
        one = self._with_fault(who, fault)
        for action in (one.receive, one.receive, one.work, one.work):
            one.run(action)

    @rule(
        who=WHICH,
        what=st.sampled_from(["kill", "restart reader", "renew", "look for due", "take over", "process again"]),
        number=NUMBER,
    )
    def disturb_process(self, who: int, what: str, number: int) -> None:
        one, dead = self.world.consumers[who], sorted(self.world.oracle.dead_owners)
        match what:
            case "kill":
                one.bury()
            case "restart reader":
                one.restart_reader()
            case "renew":
                one.run(one.renew)
            case "look for due":
                one.run(one.look_for_due)
            case "take over" if dead:
                one.run(lambda: one.take_over(dead[number % len(dead)]))
            case "process again":
                one.run(lambda: one.process(number))

    @rule(seconds=st.sampled_from([0.3, 5, 31, 61, 125, 400, 4000]))
    def pass_time(self, seconds: float) -> None:
        self.world.pass_time(seconds)

    @rule(what=st.sampled_from(["database", "store", "queue"]), turns=st.integers(1, 3))
    def outage(self, what: str, turns: int) -> None:
        self.world.begin_outage(what, turns)

    @rule(
        what=st.sampled_from(
            ["retry", "discard", "break definition", "mend definition", "reconcile", "backfill", "force"]
        ),
        numbers=st.lists(NUMBER, min_size=1, max_size=3),
    )
    def person_acts(self, what: str, numbers: Sequence[int]) -> None:
        file_name = FILES[numbers[0] % len(FILES)]
        match what:
            case "retry":
                self.world.retry(self._row_ids(numbers))
            case "discard":
                self.world.discard(self._row_ids(numbers))
            case "break definition":
                self.world.configure(file_name, BROKEN)
            case "mend definition":
                self.world.configure(file_name, GOOD)
            case "backfill" | "force":
                self.world.backfill(force=what == "force")
            case _:
                self.world.reconcile()

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

    def _with_fault(self, who: int, fault: Fault | None) -> Consumer:
        """The consumer, to which something will happen in the middle of what it does next."""
        one, other = self.world.consumers[who], self.world.consumers[1 - who]
        one.faults.clear()
        if fault is not None:
            befall(self.world, one, other, *fault)
        return one
