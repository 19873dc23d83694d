"""The ledger under a long, seeded disorder: overwrites, duplicates, reordering, crashes, stalls, outages.

What has to hold at every step and at the end:

- every announced version is one row, and every row has a state; failures have their reason;
- no message is deleted before its rows are durable;
- a key's result never goes back to an older version;
- a version has at most one result, whoever comes late;
- when everything calms down, the newest version of every key has its result or a named failure;
- announcing everything once more changes nothing.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from dq.errors import LeaseLostError
from dq.events.notification import parse_announcement
from dq.events.object_version import ObjectVersion, is_older
from dq.ledger.history import SUPERSEDED, supersede
from dq.ledger.inbox import Inbox
from dq.ledger.inbox_item import Ending, InboxItem
from dq.ledger.inspection import balance, list_rows
from etl_core.postgres.transaction import begin
from tests.announcements import notification, s3_record

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

START = datetime(2026, 1, 4, 12, tzinfo=timezone.utc)
KEYS = ["a.csv", "b b.csv", "c+c.csv"]
RESULTS = """
CREATE TABLE IF NOT EXISTS result (key text PRIMARY KEY, version int NOT NULL);
CREATE TABLE IF NOT EXISTS history (id serial, key text, version int);
TRUNCATE result, history, pipeline.object_inbox, pipeline.announcement_dead_letter
"""


class CrashError(Exception):
    """The process dies here."""


@dataclass
class World:
    """S3, the queue and two workers; `random` decides, `now` is the time."""

    inbox: Inbox
    random: random.Random
    now: datetime = START
    written: dict[int, tuple[str, datetime]] = field(default_factory=dict)
    queue: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    hands: dict[str, list[InboxItem]] = field(default_factory=lambda: {"one": [], "two": []})
    told: int = 0

    def put(self) -> None:
        """Write a new version of some key; its announcement is sent once or twice, perhaps with others."""
        for _ in range(self.random.choice([1, 1, 3])):
            number = len(self.written) + 1
            self.written[number] = (self.random.choice(KEYS), self.now)
        bodies = [self._announce(number) for number in list(self.written)[-3:]]
        self.queue += [self.random.choice(bodies) for _ in range(2)] + [notification(*map(self._record, self.written))]

    def garble(self) -> None:
        """Something nobody understands arrives, alone or beside a good record."""
        self.queue.append(notification(s3_record(size="?"), *map(self._record, list(self.written)[:1])))

    def deliver(self) -> None:
        """Receive some messages in any order; the process may die before the commit or before the delete."""
        self.random.shuffle(self.queue)
        taken = self.queue[: self.random.randint(1, 10)]
        if self.random.random() < 0.2:
            return
        for body in taken:
            found = parse_announcement(body)
            self.inbox.add(found.events, found.rejected, now=self.now)
        if self.random.random() < 0.7:
            self.deleted += taken
            del self.queue[: len(taken)]

    def claim(self) -> None:
        """One worker takes a batch; what it still held it keeps in hand, like one that stalled."""
        owner = self.random.choice(list(self.hands))
        batch = self.inbox.claim(self.random.randint(1, 5), 60, owner, self.now)
        if batch is not None:
            self.hands[owner] += self.inbox.items(batch - 1, batch)

    def work(self) -> None:
        """Some row in some hand is ended, fails, or its worker dies on the way."""
        owner = self.random.choice(list(self.hands))
        if not self.hands[owner]:
            return
        item = self.hands[owner].pop(self.random.randrange(len(self.hands[owner])))
        chance = self.random.random()
        try:
            if chance < 0.7:
                self.score(item)
            elif chance < 0.8:
                self.score(item, crash=True)
            elif chance < 0.85:
                self.inbox.wait(item, "S3 is out", self.now)
            elif chance < 0.97:
                self.inbox.fail(item, "S3 is away", retryable=True, now=self.now, jitter=self.random.random())
            else:
                self.inbox.fail(item, "access denied", retryable=False, now=self.now, jitter=0)
        except LeaseLostError:
            self.told += 1
        except CrashError:
            self.hands[owner].clear()

    def score(self, item: InboxItem, *, crash: bool = False) -> None:
        """What the pipeline does: result and end of the row in one transaction, older versions set aside."""
        version = int(item.event.version_id or "0")
        key, modified = self.written[version]
        mine = ObjectVersion(item.event.bucket, key, modified, item.event.sequencer)
        with begin(self.inbox.engine) as transaction:
            connection = transaction.connection
            if any(is_older(mine, one) for one in self.inbox.versions_of_run(connection, key, besides=item)):
                ending = Ending("superseded", SUPERSEDED, monitoring_file_run_id=key, last_modified=modified)
                self.inbox.finish(transaction, item, ending, self.now)
                return
            upsert = "INSERT INTO result VALUES (:key, :version) ON CONFLICT (key) DO UPDATE SET version = :version"
            connection.execute(text(upsert), {"key": key, "version": version})
            connection.execute(
                text("INSERT INTO history (key, version) VALUES (:key, :version)"), {"key": key, "version": version}
            )
            supersede(transaction, item, key, self.now)
            ending = Ending("done", monitoring_file_run_id=key, last_modified=modified)
            self.inbox.finish(transaction, item, ending, self.now)
            if crash:
                raise CrashError

    def backfill(self) -> None:
        """A job announces some of what was written, and takes a batch of that."""
        some = self.random.sample(sorted(self.written), min(len(self.written), 4))
        events = [event for number in some for event in parse_announcement(self._announce(number)).events]
        announced = self.inbox.announce(
            events, now=self.now, source="backfill", run_window=self.random.choice(["key", None])
        )
        batch = self.inbox.claim(2, 60, "one", self.now, among=[*announced.ids])
        if batch is not None:
            items = self.inbox.items(batch - 1, batch)
            assert {item.id for item in items} <= set(announced.ids)
            self.hands["one"] += items

    def pass_time(self) -> None:
        """A moment, or long enough for leases to end."""
        self.now += timedelta(seconds=self.random.choice([0.3, 5, 61, 400]))

    def renew_or_release(self) -> None:
        """A heartbeat, a shutdown, or a restart under the same name."""
        owner = self.random.choice(list(self.hands))
        match self.random.randrange(3):
            case 0:
                self.inbox.renew(owner, 60, self.now)
            case 1:
                self.inbox.release(owner, self.now)
            case _:
                self.inbox.recover(owner, self.now)

    def _record(self, number: int) -> dict[str, object]:
        return s3_record(self.written[number][0], versionId=str(number), sequencer=f"{number:08X}")

    def _announce(self, number: int) -> str:
        return notification(self._record(number))


def check(world: World, engine: Engine, before: dict[str, int]) -> dict[str, int]:
    """What holds at every step; the results as they stand."""
    account = balance(engine)
    assert account.holds
    rows = {row.event.version_id for row in list_rows(engine, limit=10_000)}
    assert account.announced == len(rows)
    for body in world.deleted:
        assert {event.version_id for event in parse_announcement(body).events} <= rows
    with engine.connect() as connection:
        results = {row[0]: row[1] for row in connection.execute(text("SELECT key, version FROM result"))}
        twice = connection.execute(text("SELECT key, version FROM history GROUP BY key, version HAVING count(*) > 1"))
        assert twice.all() == []
    assert all(results[key] >= version for key, version in before.items())
    return results


@pytest.mark.parametrize("seed", range(6))
def test_nothing_is_lost_and_nothing_goes_back(engine: Engine, seed: int) -> None:
    """Three hundred steps of disorder, then calm."""
    with engine.begin() as connection:
        connection.execute(text(RESULTS))
    inbox = Inbox(engine, max_attempts=6)
    world = World(inbox, random.Random(seed))
    steps = [world.put] + [world.deliver] * 3 + [world.claim] * 3 + [world.work] * 8
    steps += [world.pass_time] * 2 + [world.renew_or_release, world.garble, world.backfill]
    results: dict[str, int] = {}
    world.put()
    for _ in range(300):
        world.random.choice(steps)()
        results = check(world, engine, results)

    for body in world.queue:
        inbox.add(parse_announcement(body).events, now=world.now)
    world.hands = {"one": [], "two": []}
    for _ in range(400):
        world.now += timedelta(seconds=1000)
        batch = inbox.claim(50, 60, "calm", world.now)
        if batch is None and not balance(engine).open:
            break
        for item in () if batch is None else inbox.items(batch - 1, batch):
            world.score(item)
        results = check(world, engine, results)

    rows = list_rows(engine, limit=10_000)
    assert {int(row.event.version_id or 0) for row in rows} == set(world.written)
    assert {row.state for row in rows} <= {"done", "superseded", "dead"}
    assert world.told > 0, "no worker ever came late: the disorder is too tame"
    for key in KEYS:
        done = [int(row.event.version_id or 0) for row in rows if row.event.key == key and row.state == "done"]
        assert results.get(key) == (max(done) if done else None)
        dead = {int(row.event.version_id or 0) for row in rows if row.event.key == key and row.state == "dead"}
        newest = max((number for number, (name, _) in world.written.items() if name == key), default=None)
        assert newest is None or newest in dead or results[key] == newest
    everything = notification(*(world._record(number) for number in world.written))
    assert inbox.add(parse_announcement(everything).events, now=world.now).new == 0
    assert list_rows(engine, limit=10_000) == rows
