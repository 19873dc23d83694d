"""What a whole bucket is to blame for costs no object an attempt: the bucket rests, and the others go on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError
from structlog.testing import capture_logs

from dq.engine.profile_files import judge_sources
from dq.ledger.claims.resting import Rest, rests, wake_all
from etl_core.objects.failures import named
from etl_core.objects.store import ObjectStore, S3Access
from tests.end_to_end.landing import Landing, key_of

if TYPE_CHECKING:
    from dq.batch.doors import Doors
    from dq.events.object_event import ObjectEvent
    from etl_core.objects.ranges import ObjectRange, Received
    from tests.local_s3 import S3Server


class Guarded(ObjectStore):
    """The real store, but for what it refuses: a code for everything, or for some keys."""

    def __init__(self, access: S3Access) -> None:
        super().__init__(access)
        self.code: str | None = None
        self.only: frozenset[str] | None = None
        self.reads: list[str] = []

    def _get(self, wanted: ObjectRange) -> Received:
        self.reads.append(wanted.key)
        if self.code is not None and (self.only is None or wanted.key in self.only):
            answer = {"Error": {"Code": self.code}, "ResponseMetadata": {"HTTPStatusCode": 403}}
            raise named(ClientError(answer, "GetObject"), f"s3://{wanted.bucket}/{wanted.key}")  # type: ignore[arg-type]
        return super()._get(wanted)


class Guard:
    """A landing zone whose store refuses, and its batches."""

    def __init__(self, landing: Landing, server: S3Server) -> None:
        self.landing = landing
        access = S3Access(server.endpoint, server.region, server.access_key, server.secret_key)
        self.store = Guarded(access)
        landing.configure()

    @property
    def doors(self) -> Doors:
        return self.landing.doors

    def arrive(self, count: int, hour: int = 0) -> list[ObjectEvent]:
        """Objects in runs of their own."""
        events = [self.landing.put(key_of(hour=hour + number)) for number in range(count)]
        self.landing.announce(*events)
        return events

    def process(self) -> dict[str, int]:
        """One batch of what is due; what became of it, and what it says is out."""
        counts = self.landing.process(objects=self.store, judge=lambda some: judge_sources(some, store=self.store))
        assert counts.outage is None
        return dict(counts.states)

    def rest(self) -> Rest:
        (found,) = rests(self.landing.database)
        return found


@pytest.fixture
def guard(landing: Landing, s3_server: S3Server) -> Guard:
    return Guard(landing, s3_server)


def test_a_batch_that_is_refused_alike_waits_with_growing_rests_and_spends_no_attempt(guard: Guard) -> None:
    guard.arrive(3)
    guard.store.code = "AccessDenied"
    lasted = []
    with capture_logs() as lines:
        for _ in range(7):
            assert guard.process() == {"pending": 3}
            reads = len(guard.store.reads)
            assert guard.process() == {}  # nothing is handed out meanwhile
            assert len(guard.store.reads) == reads
            rest = guard.rest()
            lasted.append((rest.until - guard.landing.clock()).total_seconds())
            guard.landing.clock.now = rest.until
    assert lasted == [10, 20, 40, 80, 160, 300, 300]
    told = [line for line in lines if line["event"] == "nothing of this bucket can be read; it rests"]
    assert len(told) == 7
    assert "AccessDenied" in str(told[0]["error"])
    registry = guard.doors.metrics.registry
    assert registry.get_sample_value("pipeline_bucket_rests_total", {"reason": "rights"}) == 7
    assert {row.attempts for row in guard.landing.rows().values()} == {0}
    assert all("AccessDenied" in str(row.reason) for row in guard.landing.rows().values())
    guard.store.code = None
    assert guard.process() == {"done": 3}
    assert rests(guard.landing.database) == ()


@pytest.mark.parametrize("code", ["SignatureDoesNotMatch", "NoSuchBucket", "ExpiredToken", "RequestTimeTooSkewed"])
def test_what_holds_for_every_object_is_told_from_the_first(guard: Guard, code: str) -> None:
    guard.arrive(1)
    guard.store.code = code
    assert guard.process() == {"pending": 1}
    assert guard.rest().failures == 1
    assert guard.landing.rows()[key_of(hour=0)].attempts == 0


def test_objects_that_arrive_one_by_one_show_it_too(guard: Guard) -> None:
    """The first spends an attempt, for it might be to blame; nobody after it does."""
    guard.store.code = "KMS.DisabledException"
    for hour in range(3):
        guard.arrive(1, hour)
        guard.process()
        guard.landing.clock.forward(seconds=1)
    assert sorted(row.attempts for row in guard.landing.rows().values()) == [0, 0, 1]
    assert "kms:Decrypt" in guard.rest().reason


def test_one_that_is_refused_among_others_is_tried_again_and_dead_in_the_end(guard: Guard) -> None:
    guard.arrive(3)
    guard.store.code, guard.store.only = "AccessDenied", frozenset({key_of(hour=1)})
    assert guard.process() == {"done": 2, "pending": 1}
    for _ in range(2):
        guard.landing.clock.forward(minutes=20)
        guard.process()
    assert rests(guard.landing.database) == ()
    row = guard.landing.rows()[key_of(hour=1)]
    assert (row.state, row.attempts) == ("dead", 3)
    assert "needs the right to read it" in str(row.reason)


@pytest.mark.parametrize(("code", "arrived"), [("InvalidObjectState", 0), ("KMS.DisabledException", 1)])
def test_two_objects_that_nobody_can_read_stop_no_other_of_their_bucket(guard: Guard, code: str, arrived: int) -> None:
    """Where they are archived, or another that was read before still can be; each is dead after its attempts."""
    if arrived:
        guard.arrive(arrived, hour=7)
        assert guard.process() == {"done": arrived}
    guard.arrive(2)
    guard.store.code, guard.store.only = code, frozenset({key_of(hour=0), key_of(hour=1)})
    assert guard.process() == {"pending": 2}
    guard.arrive(1, hour=5)
    assert guard.process() == {"done": 1}
    for ended in ("pending", "dead"):
        guard.landing.clock.forward(minutes=20)
        assert guard.process() == {ended: 2}
    assert {guard.landing.states()[key_of(hour=hour)] for hour in (0, 1)} == {"dead"}
    assert rests(guard.landing.database) == ()


def test_many_new_objects_that_are_refused_are_the_buckets_fault_whatever_can_be_read_of_the_old(guard: Guard) -> None:
    guard.arrive(1, hour=23)
    assert guard.process() == {"done": 1}
    guard.arrive(20)
    guard.store.code, guard.store.only = "KMS.DisabledException", frozenset(key_of(hour=hour) for hour in range(20))
    assert guard.process() == {"pending": 20}
    assert guard.rest().failures == 1
    assert {row.attempts for row in guard.landing.rows().values() if row.state != "done"} == {0}


def test_other_buckets_go_on_while_one_rests(guard: Guard) -> None:
    """Also where its backlog is due before theirs."""
    guard.arrive(3)
    guard.store.code = "NoSuchBucket"
    guard.process()
    guard.arrive(2, hour=5)
    other = "another-landing-zone"
    guard.landing.s3.create_bucket(Bucket=other)
    guard.landing.s3.put_object(Bucket=other, Key=key_of(hour=9), Body=b"id,driver\n1,a\n")
    event = replace(guard.landing.put(key_of(hour=9)), bucket=other, version_id=None, etag=None)
    guard.landing.announce(event)
    guard.store.code = None
    assert guard.process() == {"done": 1}
    assert guard.landing.states()[key_of(hour=9)] == "done"


def test_a_bucket_that_alone_does_not_answer_rests_and_stops_no_other(
    guard: Guard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that answers of another bucket is not out."""
    other = "a-zone-that-answers"
    guard.landing.s3.create_bucket(Bucket=other)
    guard.landing.s3.put_object(Bucket=other, Key=key_of(hour=9), Body=b"id,driver\n1,a\n")
    guard.arrive(2)
    event = replace(guard.landing.put(key_of(hour=9)), bucket=other, version_id=None, etag=None)
    guard.landing.announce(event)
    monkeypatch.setattr("dq.batch.outages.answers", lambda _store, bucket: bucket == other)
    guard.store.code, guard.store.only = "SlowDown", frozenset({key_of(hour=0), key_of(hour=1)})
    assert guard.process() == {"done": 1, "pending": 2}
    assert guard.rest().bucket == guard.landing.bucket
    assert guard.process() == {}


def test_whoever_asks_for_objects_has_the_bucket_tried_at_once(guard: Guard) -> None:
    guard.arrive(2)
    guard.store.code = "AccessDenied"
    guard.process()
    guard.landing.clock.forward(seconds=1)
    guard.landing.sql("UPDATE pipeline.object_inbox SET due_at = :now", now=guard.landing.clock())
    assert guard.process() == {}
    assert wake_all(guard.landing.database, guard.landing.clock()) == 1
    guard.store.code = None
    assert guard.process() == {"done": 2}
