"""Whatever happens in whatever order, everybody hears what they should: rounds against a plain oracle, with kills.

Conditions come and go, channels fail, clocks jump back, and the process dies before a round decides, while it delivers
(before or after the channel took the message), or not at all. The oracle is a dict of what is open and who heard what.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from operations.alerts.deciding.alert import Condition, Found
from operations.alerts.round import decide
from operations.alerts.sending.delivering import deliver
from operations.alerts.sending.outbox import MOST_TRIES, Outbox
from tests.operations.alerts.landscape import NOW, Inbox, asked
from tests.operations.alerts.landscape import settings as settings_of

if TYPE_CHECKING:
    from datetime import datetime

    import pytest

    from tests.operations.alerts.landscape import Landscape

_REPEAT = timedelta(hours=24)
_SUBJECTS = st.frozensets(st.sampled_from(["a/1", "a/2", "b/1"]))
_HOURS = st.sampled_from([0, 1, 13, 25, -5, -30])


class KilledError(BaseException):
    """The process is gone."""


class Mortal(Inbox):
    """A channel in whose midst the process may die: before it took a message, or after."""

    dies: str | None = None

    def send(self, tone: str, title: str, body: str) -> str | None:
        if self.dies == "before":
            raise KilledError
        said = super().send(tone, title, body)
        if self.dies == "after":
            raise KilledError
        return said


class Rounds(RuleBasedStateMachine):
    """One channel that hears of everything, message by message."""

    landscape: Landscape
    patch: pytest.MonkeyPatch

    def __init__(self) -> None:
        super().__init__()
        self.landscape.clear()
        self.now = NOW
        self.wrong: set[str] = set()
        self.blind = False
        self.channel = Mortal()
        self.kills = 0
        # the oracle: what is open, since when it was told last, and every message that has to arrive
        self.told: dict[str, datetime] = {}
        self.due: list[str] = []
        self.patch.setattr("operations.alerts.round.look", lambda *_: self._found())

    def _found(self) -> Found:
        kinds = frozenset[str]() if self.blind else frozenset({"missing"})
        return Found(tuple(Condition("missing", one, "gone") for one in sorted(self.wrong)), kinds)  # type: ignore[arg-type]

    @rule(wrong=_SUBJECTS, hours=_HOURS)
    def something_else_is_wrong(self, wrong: frozenset[str], hours: float) -> None:
        """And it is looked at, at another moment, which may be before the last one."""
        self.wrong = set(wrong)
        self.now += timedelta(hours=hours)
        self._look()

    @rule(hours=_HOURS)
    def a_source_cannot_be_read(self, hours: float) -> None:
        """Nothing is over because of that."""
        self.now += timedelta(hours=hours)
        wrong, self.wrong, self.blind = self.wrong, set(), True
        try:
            self._look()
        finally:
            self.wrong, self.blind = wrong, False

    @rule(
        dies=st.sampled_from([None, None, "before", "after"]), refuses=st.booleans(), hours=st.sampled_from([0, 0, 0.2])
    )
    def messages_are_delivered(self, dies: str | None, hours: float, *, refuses: bool) -> None:
        self.now += timedelta(hours=hours)
        self.channel.dies, self.channel.refuses = dies, "error=503" if refuses else None
        before = len(self.channel.taken)
        try:
            deliver(Outbox(self.landscape.engine), [self.channel], lambda: self.now)
        except KilledError:
            self.kills += dies == "after"
            assert len(self.channel.taken) - before <= 1
        finally:
            self.channel.dies = self.channel.refuses = None

    @invariant()
    def nothing_arrives_that_was_not_due_and_nothing_twice_but_for_kills(self) -> None:
        extra = Counter(self.channel.titles) - Counter(self.due)
        assert sum(extra.values()) <= self.kills
        assert set(extra) <= set(self.due)

    def teardown(self) -> None:
        """When all has calmed down, every message has arrived, in its order; or was given up, and named."""
        self.channel.refuses = None
        while self.landscape.rows("SELECT 1 FROM pipeline.alert_delivery WHERE state = 'waiting'"):
            deliver(Outbox(self.landscape.engine), [self.channel], lambda: self.now)
            self.now += timedelta(hours=1)
        lost = Counter(
            title
            for (title,) in self.landscape.rows("SELECT title FROM pipeline.alert_delivery WHERE state = 'given_up'")
        )
        tries = self.landscape.rows("SELECT coalesce(max(tries), 0) FROM pipeline.alert_delivery")[0][0]
        assert tries <= MOST_TRIES
        assert not Counter(self.due) - lost - Counter(self.channel.titles)
        arrived = list(dict.fromkeys(self.channel.titles))
        assert arrived == [title for title in dict.fromkeys(self.due) if title in arrived]

    def _look(self) -> None:
        own = settings_of(alert_repeat="24h", alert_storm=1000, alert_critical="")
        decide(self.landscape.engine, asked(self.now), own, [self.channel.channel])
        self._expect()

    def _expect(self) -> None:
        """What a round has to put into the outbox, told without any of its code."""
        for one in list(self.told):  # messages of one round are in the order in which their alerts were opened
            if one not in self.wrong and not self.blind:
                self.due.append(f"[resolved] missing: {one}")
                del self.told[one]
            elif self.told[one] - self.now > _REPEAT:  # a clock was far ahead: the time counts from now
                self.told[one] = self.now
            elif self.now - self.told[one] >= _REPEAT:
                self.due.append(f"[still warning] missing: {one}")
                self.told[one] = self.now
        for one in sorted(self.wrong - self.told.keys()):
            self.due.append(f"[warning] missing: {one}")
            self.told[one] = self.now


def test_rounds_hold_what_the_oracle_says(landscape: Landscape, monkeypatch: pytest.MonkeyPatch) -> None:
    Rounds.landscape, Rounds.patch = landscape, monkeypatch
    run_state_machine_as_test(
        Rounds,
        settings=settings(
            max_examples=10, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
