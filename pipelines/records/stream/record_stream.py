"""A stream that outlives its queries: what a broken one left undone, the next one does.

Every query has a checkpoint of its own, which is forgotten with it: the account says where it begins.
"""

from __future__ import annotations

import json
import re
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import structlog

from dq import Counts, PipelineError, RecordChecks, record_checks
from etl_core.errors import RetryableError
from etl_core.retry import Backoff, Outage
from pipelines.records.errors import KafkaRefusedError, KafkaUnavailableError, StreamFailedError
from pipelines.records.flow import Flow
from pipelines.records.kafka.access import READ_COMMITTED
from pipelines.records.stream.beginning import Beginning, beginning_of
from pipelines.records.stream.doors import Stop, StreamDoors
from pipelines.records.stream.record_batches import RecordBatches

if TYPE_CHECKING:
    from pyspark.sql import SparkSession
    from pyspark.sql.streaming.query import StreamingQuery

log = structlog.get_logger()

TRIGGER: Final = "200 milliseconds"
#: How often the query is looked at, and the hours that are due are judged.
_LOOK_SECONDS, _JUDGE_SECONDS = 0.2, 30.0
_REST: Final = Backoff(first=1.0, factor=2.0, longest=60.0)
#: How Spark tells of an error that a task raised and that trying again does not mend.
_REFUSED: Final = re.compile(r"pipelines\.records\.errors\.KafkaRefusedError: (.*)")
_UNAVAILABLE: Final = re.compile(r"pipelines\.records\.errors\.KafkaUnavailableError: (.*)")
#: The line of a traceback that says what was raised.
_RAISED: Final = re.compile(r"(?:\w+\.)*\w+(?:Error|Exception|Interrupt): ")
#: Queries that end in a row, none of which lived as long as this, until the job gives up: about two minutes.
_MOST_IN_A_ROW, _LONG_LIFE_SECONDS = 7, 300.0


class RecordStream:
    """Reads the topic of a flow until somebody asks to stop, or to the end of what is there."""

    def __init__(
        self,
        doors: StreamDoors,
        flow: Flow,
        session: Callable[[], SparkSession],
        *,
        checkpoints: str | None = None,
        most_offsets: int,
        accept_loss: bool = False,
    ) -> None:
        """Read nothing yet.

        Args:
            doors: to the outside.
            flow: what is read, and what becomes of it.
            session: gives one with the jars of Kafka; asked for when there is something to read with it.
            checkpoints: a folder for the checkpoints of queries; None: that for temporary files.
            most_offsets: records of a batch at most.
            accept_loss: go on behind records that are gone.
        """
        self._doors, self._flow, self._session = doors, flow, session
        self._checks: RecordChecks = record_checks(flow.definition)
        self._checkpoints, self._most, self._accepts = checkpoints, most_offsets, accept_loss
        self._judged_at = 0.0
        self.totals = Counts()

    def drain(self, stop: Stop) -> None:
        """Read what is there, and judge its hours.

        Raises:
            RecordsLostError: records are gone.
            PipelineError: of the doors.
        """
        self._run(stop, once=True)
        self.judge()

    def watch(self, stop: Stop) -> None:
        """Read until somebody asks to stop; a query that ends is built anew.

        Raises:
            RecordsLostError: records are gone.
            StreamFailedError: queries ended one after the other.
            PipelineError: one that trying again does not mend.
        """
        ended = Outage(_REST, time.monotonic)
        while not stop.is_set():
            began = time.monotonic()
            try:
                self._run(stop, once=False)
            except RetryableError as error:
                if time.monotonic() - began >= _LONG_LIFE_SECONDS:
                    ended.over()
                rest = ended.failed()
                if ended.failures > _MOST_IN_A_ROW:
                    raise
                self._doors.metrics.rebuilt()
                named = {"flow": self._flow.name, "error": error, "wait": rest}
                log.warning("the stream of records ended and is built anew", **named)
                stop.wait(rest)
        self.judge()

    def judge(self) -> None:
        """Make the verdicts of the hours that are due."""
        verdicts = self._doors.verdicts
        for hour in () if verdicts is None else verdicts.due():
            judged = verdicts.judge(hour, self._doors.clock()) if verdicts is not None else None
            if judged is not None:
                self._doors.metrics.judged(judged.verdict.score)
                log.info(
                    "hour judged",
                    flow=self._flow.name,
                    hour=hour.isoformat(),
                    score=judged.verdict.score,
                    passed=judged.verdict.passed,
                    records=judged.records,
                )
        self._judged_at = time.monotonic()

    def _run(self, stop: Stop, *, once: bool) -> None:
        """Run one query to its end."""
        beginning = self._begin()
        self.judge()
        batches = RecordBatches(self._doors, self._flow, self._checks, beginning)
        with tempfile.TemporaryDirectory(prefix="pipeline-records-", dir=self._checkpoints) as folder:
            batches.checkpoint = Path(folder)
            query = self._start(batches, beginning, folder, once=once)
            try:
                while query.isActive and batches.error is None and not stop.wait(_LOOK_SECONDS):
                    self._look(query)
            finally:
                with batches.busy:  # the batch at hand is finished
                    query.stop()
                self._doors.topics.wait_for_notes()
                self.totals += batches.totals
            self._look(query)
            self._raise(batches, query)

    def _begin(self) -> Beginning:
        flow, topics = self._flow, self._doors.topics
        known = topics.find([flow.source.topic, flow.target.topic, flow.dead_letters])
        source = known[flow.source.topic]
        now = self._doors.clock()
        found = beginning_of(
            self._doors.database, flow.name, source, topics.spans(source), now, accept_loss=self._accepts
        )
        self._accepts = False  # what goes later is another loss
        return found

    def _start(self, batches: RecordBatches, beginning: Beginning, folder: str, *, once: bool) -> StreamingQuery:
        topic = self._flow.source.topic
        offsets = {str(partition): offset for partition, offset in beginning.offsets.items()}
        options: Mapping[str, str] = {
            **self._doors.access.of_spark(),
            **{f"kafka.{name}": value for name, value in READ_COMMITTED.items()},
            "subscribe": topic,
            "groupIdPrefix": self._flow.source.group,
            "startingOffsets": json.dumps({topic: offsets}),
            "failOnDataLoss": "true",
            "includeHeaders": "true",
            "maxOffsetsPerTrigger": str(self._most),
            **(self._doors.spark_options or {}),
        }
        writer = (
            self._session()
            .readStream.format("kafka")
            .options(**options)
            .load()
            .writeStream.foreachBatch(batches)
            .queryName(f"records {self._flow.name}")
            .option("checkpointLocation", Path(folder).as_uri())
        )
        how: dict[str, Any] = {"availableNow": True} if once else {"processingTime": TRIGGER}
        return writer.trigger(**how).start()

    def _look(self, query: StreamingQuery) -> None:
        progress: Any = query.lastProgress
        sources = progress["sources"] if progress else []
        if sources and sources[0]["endOffset"] and sources[0]["latestOffset"]:
            ends, latest = (
                _offsets(sources[0][name], self._flow.source.topic) for name in ("endOffset", "latestOffset")
            )
            self._doors.metrics.lag({at: max(latest.get(at, end) - end, 0) for at, end in ends.items()})
        if time.monotonic() - self._judged_at >= _JUDGE_SECONDS:
            self.judge()

    def _raise(self, batches: RecordBatches, query: StreamingQuery) -> None:
        """Raise what ended the query, if something did."""
        if batches.error is not None:
            if isinstance(batches.error, PipelineError | AssertionError):
                raise batches.error
            raise _named(batches.error) from batches.error
        failed: Exception | None = query.exception()  # pyspark says that there always is one
        if failed is not None:
            self._begin()  # which names what is gone
            raise _named(failed) from failed


def _offsets(told: Any, topic: str) -> dict[int, int]:  # noqa: ANN401 - as Spark tells it
    read = json.loads(told) if isinstance(told, str) else told
    return {int(partition): offset for partition, offset in read.get(topic, {}).items()}


def _named(error: Exception) -> PipelineError:
    """Give what ended a query as an error of ours: the one a task raised, if one did."""
    if refused := _REFUSED.search(str(error)):
        return KafkaRefusedError(refused[1].strip())
    if unavailable := _UNAVAILABLE.search(str(error)):
        return KafkaUnavailableError(unavailable[1].strip())
    return StreamFailedError(_said(error))


def _said(error: Exception) -> str:
    """What a task raised, where one did; else the first line of what Spark says."""
    lines = [line.rstrip() for line in str(error).splitlines() if line.strip()]
    raised = [line for line in lines if _RAISED.match(line)] if any("Traceback" in line for line in lines) else []
    return (raised or lines or [type(error).__name__])[0].strip()[:500]
