"""What is not there, or is overwritten while it is read, is looked for again before anything is said of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from dq.engine.profile_files import judge_sources
from dq.events.object_event import ObjectEvent
from dq.ledger.inspection import balance
from tests.end_to_end.landing import GOOD, Landing, key_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dq.engine.file_results import FileVerdict
    from dq.engine.source_file import Source
    from etl_core.errors import PipelineError


@pytest.fixture
def unversioned(landing: Landing) -> Landing:
    """With a bucket that keeps no versions: what is overwritten is no longer there."""
    landing.s3.create_bucket(Bucket=f"{landing.bucket}-plain")
    landing.configure()
    return replace(landing, bucket=f"{landing.bucket}-plain")


def rows_of(driver: str) -> bytes:
    """A file that is read in several pieces."""
    return b"id,driver\n" + b"".join(b"%d,%s\n" % (number, driver.encode()) for number in range(200_000))


def before_reading(
    landing: Landing, act: Callable[[], object]
) -> Callable[..., Mapping[int, FileVerdict | PipelineError]]:
    """The real engine, and what happens once the first bytes are read and the rest is not."""

    def judge(sources: Sequence[Source]) -> Mapping[int, FileVerdict | PipelineError]:
        act()
        return judge_sources(sources, store=landing.doors.objects)

    return judge


def test_an_object_that_is_not_there_is_gone_and_a_warning_says_so(landing: Landing) -> None:
    landing.configure()
    landing.announce(ObjectEvent(landing.bucket, key_of()), ObjectEvent(landing.bucket, key_of(hour=1), size=20))
    rests: list[float] = []
    with capture_logs() as lines:
        assert landing.process(rest=rests.append).states == {"gone": 2}
    assert {line["log_level"] for line in lines if line["event"] == "gone"} == {"warning"}
    assert {"there is no such object" in str(row.reason) for row in landing.rows().values()} == {True}
    assert rests == [0.1, 0.3, 0.6], "asked again a few times, for both of them together"
    assert balance(landing.database).holds


def test_an_object_that_can_be_read_a_moment_later_has_its_verdict(landing: Landing) -> None:
    """Announced with its size, and without one: the one is looked at where it is counted, the other before."""
    landing.configure()
    landing.announce(ObjectEvent(landing.bucket, key_of()), ObjectEvent(landing.bucket, key_of(hour=1), size=len(GOOD)))
    rests: list[float] = []

    def rest(seconds: float) -> None:
        rests.append(seconds)
        if len(rests) == 2:
            landing.put(key_of())
            landing.put(key_of(hour=1))

    assert landing.process(rest=rest).states == {"done": 2}
    assert landing.scores() == {("trips", 12): 100, ("trips", 1): 100}


def test_an_object_that_is_overwritten_while_it_is_read_has_the_verdict_of_what_is_there(unversioned: Landing) -> None:
    unversioned.announce(unversioned.put(key_of(), rows_of("ada")), unversioned.put(key_of(hour=1)))
    written: list[ObjectEvent] = []

    def overwrite() -> None:
        if not written:
            written.append(unversioned.put(key_of(), rows_of("")))

    counts = unversioned.process(judge=before_reading(unversioned, overwrite), rest=lambda _: None)
    assert counts.states == {"done": 2}
    assert counts.rows == 200_002
    assert unversioned.scores() == {("trips", 12): 90, ("trips", 1): 100}, "no row of the newer content has a driver"
    unversioned.announce(*written)
    assert unversioned.process().states == {"done": 1}, "its own announcement changes nothing"
    assert unversioned.scores() == {("trips", 12): 90, ("trips", 1): 100}


def test_an_object_that_is_overwritten_again_and_again_is_tried_later(unversioned: Landing) -> None:
    unversioned.announce(unversioned.put(key_of(), rows_of("ada")))
    times: list[int] = []

    def overwrite() -> None:
        times.append(1)
        unversioned.put(key_of(), rows_of("ada" * (1 + len(times))))

    assert unversioned.process(judge=before_reading(unversioned, overwrite), rest=lambda _: None).states == {
        "pending": 1
    }
    assert len(times) == 4
    row = unversioned.rows()[key_of()]
    assert (row.state, row.attempts) == ("pending", 1)
    assert "it was overwritten each time it was read" in str(row.reason)
    unversioned.clock.forward(minutes=1)
    assert unversioned.process().states == {"done": 1}


def test_an_object_that_is_deleted_while_it_is_read_is_gone(unversioned: Landing) -> None:
    unversioned.announce(unversioned.put(key_of(), rows_of("ada")))
    judge = before_reading(unversioned, lambda: unversioned.s3.delete_object(Bucket=unversioned.bucket, Key=key_of()))
    assert unversioned.process(judge=judge, rest=lambda _: None).states == {"gone": 1}
