"""A stream that ends by itself is built anew, and the job never says that all is well when it gave up."""

from __future__ import annotations

import tempfile
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from dq.intake.feed_settings import FeedSettings, handed_over
from dq.intake.stream_source import inbox_stream
from etl_core.errors import RetryableError
from etl_core.postgres.clock import DatabaseClock
from jobs.running.exit_codes import exit_code_of
from jobs.running.stopping import StopRequest
from jobs.working_off import batches
from jobs.working_off.streaming import BatchWorker, StreamEndedError, keep_streaming
from tests.end_to_end.landing import GOOD, Landing, key_of
from tests.end_to_end.processes import wait_for

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyspark.sql import SparkSession
    from pyspark.sql.streaming.query import StreamingQuery

    from dq.engine.file_results import FileVerdict
    from dq.engine.source_file import Source
    from etl_core.errors import PipelineError


class Query:
    """A query that lives as long as it is told to, and how it ended."""

    def __init__(self, lives: int, error: Exception | None) -> None:
        self._lives, self._error = lives, error

    @property
    def isActive(self) -> bool:  # noqa: N802 - Spark's name
        self._lives -= 1
        return self._lives >= 0

    def exception(self) -> Exception | None:
        return self._error

    def stop(self) -> None:
        self._lives = 0


class Hurried(StopRequest):
    """Waiting takes no time but that of a clock of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def wait(self, seconds: float) -> bool:
        self.now += seconds
        return self.is_set()


def worker(landing: Landing, stop: StopRequest) -> BatchWorker:
    return BatchWorker(landing.doors, "me", stop, lambda _: None)


def test_a_stream_that_ends_again_and_again_ends_the_job_with_75_and_the_reason(landing: Landing) -> None:
    stop, built = Hurried(), []

    def build(number: int) -> Any:  # noqa: ANN401 - stands for Spark's query
        built.append(number)
        if number == 3:
            raise RuntimeError("the session is gone")
        return Query(2, RuntimeError("\n  the database was away too long\n  at org.apache..."))

    with capture_logs() as lines, pytest.raises(StreamEndedError) as caught:
        keep_streaming(build, worker(landing, stop), stop, lambda: None, clock=lambda: stop.now)
    assert str(caught.value) == "the stream ended 8 times in a row: the database was away too long"
    assert isinstance(caught.value, RetryableError)
    assert exit_code_of(caught.value) == 75
    assert built == list(range(8))
    told = [line for line in lines if line["event"] == "the stream ended and is built anew"]
    assert [line["wait"] for line in told] == [1, 2, 4, 8, 16, 32, 60]
    assert told[3]["error"] == "the session is gone"


def test_a_stream_that_ends_once_a_day_never_ends_the_job(landing: Landing) -> None:
    stop, ended = Hurried(), 30

    def build(number: int) -> Any:  # noqa: ANN401 - stands for Spark's query
        if number == ended:
            stop.set()
        return Query(5 * 400, None)

    with capture_logs() as lines:
        keep_streaming(build, worker(landing, stop), stop, lambda: None, clock=lambda: stop.now)
    assert len(lines) == ended
    assert {line["error"] for line in lines} == {"it was stopped from outside"}


def test_a_query_that_takes_no_call_any_more_gives_back_what_was_claimed(landing: Landing) -> None:
    class Deaf(Query):
        def stop(self) -> None:
            raise ConnectionRefusedError(111, "the JVM is gone")

    stop = Hurried()
    landing.announce(landing.put(key_of()))
    one = worker(landing, stop)
    assert landing.doors.inbox.claim(20, 600.0, "me", landing.doors.clock()) is not None
    with pytest.raises(ConnectionRefusedError):
        keep_streaming(lambda _: Deaf(1, None), one, stop, lambda: None)  # type: ignore[arg-type, return-value]
    assert set(landing.states().values()) == {"pending"}


def test_what_never_ran_is_not_built_again(landing: Landing) -> None:
    def build(number: int) -> Any:  # noqa: ANN401 - stands for Spark's query
        raise ValueError(number)

    stop = Hurried()
    with pytest.raises(ValueError, match="0"):
        keep_streaming(build, worker(landing, stop), stop, lambda: None)


def test_a_query_that_somebody_stops_is_followed_by_another(landing: Landing, spark: SparkSession) -> None:
    """For real: what was announced before and after has its verdict, each once."""
    landing.configure()
    stop = StopRequest()
    works = worker(landing, stop)
    queries: list[StreamingQuery] = []
    url = landing.database.url.render_as_string(hide_password=False)
    with handed_over(FeedSettings(url, "me")) as handover, tempfile.TemporaryDirectory() as checkpoints:

        def build(number: int) -> StreamingQuery:
            stream = inbox_stream(spark, handover).writeStream.foreachBatch(works)
            queries.append(stream.option("checkpointLocation", f"{checkpoints}/{number}").start())
            return queries[-1]

        thread = threading.Thread(target=keep_streaming, args=(build, works, stop, lambda: None))
        thread.start()
        try:
            for hour in range(2):
                landing.announce(landing.put(key_of(hour=hour), GOOD))
                wait_for(lambda n=hour: len(landing.verdicts()) == n + 1, 90, "a verdict")  # type: ignore[misc]
                queries[-1].stop()
                wait_for(lambda n=hour: len(queries) == n + 2, 60, "another query")  # type: ignore[misc]
        finally:
            stop.set()
            thread.join(60)
    assert works.error is None
    assert not any(query.isActive for query in queries)
    assert set(landing.states().values()) == {"done"}


def test_only_the_lease_of_the_batch_at_hand_is_renewed(landing: Landing, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of another batch that could not be given back come back although their holder goes on."""
    monkeypatch.setattr(batches, "LEASE_SECONDS", 0.4)
    landing.configure()
    clock = DatabaseClock(landing.database)
    judge = landing.doors.judge

    def slow(sources: Sequence[Source]) -> Mapping[int, FileVerdict | PipelineError]:
        time.sleep(1.5)
        return judge(sources)

    doors = replace(landing.doors, clock=clock, judge=slow)
    landing.announce(landing.put(key_of(hour=1)), landing.put(key_of(hour=2)))
    now = clock()  # of both claims: the first lease must not end before the second, however slow this machine is
    left, at_hand = (doors.inbox.claim(1, 0.4, "me", now) for _ in range(2))
    assert left is not None
    assert at_hand is not None
    assert batches.process_claimed(doors, at_hand, "me").states == {"done": 1}
    assert doors.inbox.items(left - 1, left, "me") != ()
    taken = doors.inbox.claim(10, 60, "another", clock())
    assert taken is not None
    assert [item.event.key for item in doors.inbox.items(taken - 1, taken)] == [key_of(hour=1)]
