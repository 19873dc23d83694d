"""A world in which everything is real but the object store, the queue, the engine and the time."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from dq.ledger.by_hand.changes import discard_rows, retry_rows
from dq.reconciling.comparison import REPAIRABLE, compare
from dq.reconciling.ledger_rows import rows_by_key
from dq.reconciling.stored_objects import objects_under
from etl_core.errors import UsageError
from tests.announcements import eventbridge, notification, s3_record
from tests.reporting.samples import add_file
from tests.simulation.oracle.commits import Oracle
from tests.simulation.world.consumer import LEASE_SECONDS, Consumer
from tests.simulation.world.message_queue import MessageQueue
from tests.simulation.world.object_store import PLAIN, VERSIONED, Buckets, StoredVersion

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dq.events.object_event import ObjectEvent
    from dq.events.run_window import WindowSource
    from tests.simulation.world.databases import Database

FILES = ("trips", "stops")
GOOD: dict[str, object] = {"fields": [{"name": "id", "type": "integer"}]}
BROKEN: dict[str, object] = {"fields": [{"name": "id", "type": "integr"}]}


def key_of(file_name: str, name: str = "a.csv", hour: int = 12) -> str:
    """A key in the default layout."""
    return f"agency/tenant-a/files/{file_name}/2026-01-04/{hour:02}/{name}"


class World:
    """Store, queue, database and two consumers.

    Args:
        database: emptied for this world.
        ahead: seconds by which the second consumer's clock is ahead; None has both ask the database.
        batch_size: rows that a consumer claims at a time.
        run_window: the setting.
    """

    def __init__(
        self,
        database: Database,
        *,
        ahead: float | None = None,
        batch_size: int = 3,
        run_window: WindowSource = "key",
    ) -> None:
        self.database, self.witness, self.server = database, database.witness, database.server
        self.clock = database.clock
        self.buckets, self.queue = Buckets(self.clock), MessageQueue(self.clock)
        self.clocks_differ = ahead is not None
        self.garbage: set[str] = set()
        #: What answers nobody at present, and for how many turns of consumers.
        self.outages: dict[str, int] = {}
        self.running: list[Consumer] = []
        self._announced: dict[str, list[StoredVersion]] = {}
        self.oracle = Oracle(self, self.witness)
        self.server.on_commit = self.oracle.committed
        self.queue.on_delete = self.oracle.deleting
        clocks = (None, None) if ahead is None else (0.0, ahead)
        self.consumers = tuple(
            Consumer(self, name, ahead=clock, batch_size=batch_size, run_window=run_window)
            for name, clock in zip(("one", "two"), clocks, strict=True)
        )

    # What people and other teams do

    def configure(self, file_name: str, definition: dict[str, object] = GOOD) -> None:
        """Add a file with its definition, or give the one it has another definition."""
        text = json.dumps(definition)
        known = "SELECT schema_definition_id FROM reporting.monitoring_file WHERE file_name = %s"
        if found := self.witness.rows(known, file_name):
            change = "UPDATE reporting.monitoring_file_schema_definition SET definition = %s WHERE id = %s"
            self.witness.do(change, text, found[0][0])
        else:
            add_file(self.database.engine, "tenant-a", file_name, definition=definition)

    def put(self, bucket: str, key: str, what: bytes = b"good", *, again: bool = False) -> StoredVersion:
        """Write an object; its bytes are like those of no other unless they are to come `again`."""
        before = self.buckets.named_ever(bucket, key)
        number = len(self.buckets.written) + 1
        body = before[0].body if again and before else what + b" %d" % number
        return self.buckets.put(bucket, key, body)

    def announce(self, *versions: StoredVersion, dialect: str = "s3") -> str:
        """Send the announcement of these versions in one message."""
        if dialect == "eventbridge" and len(versions) == 1:
            (one,) = versions
            changes: dict[str, Any] = {"etag": one.etag, "size": len(one.body), "sequencer": one.sequencer}
            changes |= {"version-id": one.version_id} if one.version_id else {}
            body = eventbridge(one.key, **changes).replace('"landing"', json.dumps(one.bucket))
            body = body.replace("2026-01-04T12:34:56Z", f"{one.last_modified:%Y-%m-%dT%H:%M:%SZ}")
        else:
            body = notification(*map(_record, versions))
        self._announced[body] = list(versions)
        self.queue.send(body)
        return body

    def send_garbage(self) -> None:
        """Send what nobody understands."""
        body = f"garbage {len(self.garbage)}"
        self.garbage.add(body)
        self.queue.send(body)

    def reconcile(self) -> None:
        """Announce what is there and was never announced, as the job does."""
        one = self.consumers[0]
        one.run(lambda: self._reconcile(one))

    def _reconcile(self, one: Consumer) -> None:
        for bucket in (PLAIN, VERSIONED):
            objects = objects_under(one.doors.objects, f"s3://{bucket}/agency/", lambda _part: None)
            rows = rows_by_key(one.doors.database, bucket, "agency/")
            later = one.doors.clock() + timedelta(days=1)  # nothing is too young here
            with suppress(UsageError):  # nothing is there
                compared = compare(objects, rows, before=later)
                found = [each.event for each in compared if each.finding in REPAIRABLE]
                one.doors.inbox.add(found, now=one.doors.clock(), source="reconcile")

    def backfill(self, *, force: bool) -> None:
        """Announce what is there and work that off, as the job does; with `force` also what has its verdict."""
        one = self.consumers[0]
        one.run(lambda: self._backfill(one, force=force))

    def _backfill(self, one: Consumer, *, force: bool) -> None:
        doors = one.doors
        events: list[ObjectEvent] = []
        for bucket in (PLAIN, VERSIONED):
            with suppress(UsageError):  # nothing is there
                events += objects_under(doors.objects, f"s3://{bucket}/agency/", lambda _part: None)
        if force:
            self.oracle.opened_again.update(row["id"] for row in self.witness.ledger())
        ids = [*doors.inbox.announce(events, now=doors.clock(), source="backfill", force=force).ids]
        while (batch := doors.inbox.claim(3, LEASE_SECONDS, one.owner, doors.clock(), among=ids)) is not None:
            one.process(batch)

    def retry(self, ids: Iterable[int]) -> None:
        """A person has rows tried anew."""
        chosen = list(ids)
        self.oracle.opened_again.update(chosen)
        retry_rows(self.database.engine, self.clock.now, ids=chosen)
        self.oracle.committed()

    def discard(self, ids: Iterable[int]) -> None:
        """A person closes rows."""
        discard_rows(self.database.engine, self.clock.now, ids=list(ids), reason="nobody needs it")
        self.oracle.committed()

    # What is known of it

    def announced_by(self, body: str) -> list[StoredVersion]:
        """The versions that a message announces."""
        return self._announced.get(body, [])

    def all_announced(self) -> Iterator[StoredVersion]:
        """Every version that a message announced."""
        for versions in self._announced.values():
            yield from versions

    def versions_of(self, message: str) -> list[StoredVersion]:
        """The versions whose bytes a result is of."""
        return [one for one in self.buckets.written if one.body.decode() == message]

    def state_of_file(self, key: str) -> str | None:
        """How objects of this key have to end where their file or its definition is not there."""
        file_name = key.split("/")[3]
        query = """
        SELECT definition.definition = %s FROM reporting.monitoring_file file
        JOIN reporting.monitoring_file_schema_definition definition ON definition.id = file.schema_definition_id
        WHERE file.file_name = %s
        """
        found = self.witness.rows(query, json.dumps(BROKEN), file_name)
        if not found:
            return "unconfigured"
        return "bad_definition" if found[0][0] else None

    def pass_time(self, seconds: float) -> None:
        """Let time pass, in which those that live give their signs of life."""
        self.clock.forward(seconds)
        for one in self.consumers:
            one.give_sign()

    def begin_outage(self, what: str, turns: int) -> None:
        """Have database, store or queue answer nobody for so many turns of consumers."""
        self.outages[what] = turns
        self._see_outages()

    def end_turn(self) -> None:
        """A consumer has done something: outages last only so long."""
        self.outages = {what: turns - 1 for what, turns in self.outages.items() if turns > 1}
        self._see_outages()

    def _see_outages(self) -> None:
        self.server.is_up = "database" not in self.outages
        self.buckets.answers = "store" not in self.outages
        self.queue.answers = "queue" not in self.outages

    def recover(self) -> None:
        """All outages end, and nothing more is to befall anybody."""
        self.outages.clear()
        self._see_outages()
        self.buckets.refusals.clear()
        for one in self.consumers:
            one.faults.clear()

    def close(self) -> None:
        """Take all processes away."""
        self.recover()
        self.server.on_commit = lambda: None
        for one in self.consumers:
            one.bury()


def _record(version: StoredVersion) -> dict[str, Any]:
    record = s3_record(
        version.key,
        size=len(version.body),
        eTag=version.etag,
        sequencer=version.sequencer,
        versionId=version.version_id,
    )
    record["s3"]["bucket"]["name"] = version.bucket
    record["eventTime"] = version.written_at.isoformat().replace("+00:00", "Z")
    return record
