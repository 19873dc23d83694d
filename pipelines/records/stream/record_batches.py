"""What Spark calls with each batch: one job over its records, then the table, then the account, in this order.

Killed between any two of them, the same records come again: topics get some of them twice, the table and the account
do not.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from dq import Advance, Counts, RecordChecks, advance
from pipelines.records.checking.outgoing import selected_types
from pipelines.records.checking.record_task import (
    COLUMNS,
    RESULT_DDL,
    Largest,
    PartitionFacts,
    RecordTask,
    read_results,
)
from pipelines.records.flow import Flow
from pipelines.records.sinks import app_id
from pipelines.records.stream.beginning import Beginning
from pipelines.records.stream.doors import StreamDoors

if TYPE_CHECKING:
    from datetime import datetime

    from pyspark.sql import DataFrame

log = structlog.get_logger()

#: Bytes of a batch of one record that are not the record's.
_OVERHEAD = 1024
#: Records that are few: partitions of such a batch share tasks, in which one comes after the other.
_FEW_RECORDS = 20_000
#: Numbers of batches: fives of a second, so that they ascend over restarts; below 2 ** 15.
_NUMBERS_PER_SECOND, _MOST_NUMBERS = 5, (1 << 15) - 1


class RecordBatches:
    """The batches of one query. What goes wrong in one is kept in `error`, and ends the query."""

    def __init__(self, doors: StreamDoors, flow: Flow, checks: RecordChecks, beginning: Beginning) -> None:
        """Begin where the account says.

        Raises:
            KafkaUnavailableError, KafkaRefusedError: the topics cannot be asked about.
        """
        self.error: Exception | None = None
        self.totals = Counts()
        self.busy = threading.Lock()
        self.checkpoint: Path | None = None
        self._doors, self._flow, self._checks = doors, flow, checks
        self._topic, self._positions = beginning.topic, dict(beginning.offsets)
        largest = {name: doors.topics.largest_record(name) for name in (flow.target.topic, flow.dead_letters)}
        self._largest = Largest(largest[flow.target.topic] - _OVERHEAD, largest[flow.dead_letters] - _OVERHEAD)
        self._marks = dict(doors.table.begin(selected_types(flow, checks))) if doors.table is not None else {}
        self._number = 0

    def __call__(self, frame: DataFrame, epoch: int) -> None:
        """Do what is to be done with a batch."""
        with self.busy:
            if self.error is not None:
                return
            try:
                self._do(frame, epoch)
            except Exception as error:
                self.error = error
                raise

    def _do(self, frame: DataFrame, epoch: int) -> None:
        began, now = time.monotonic(), self._doors.clock()
        ends = self._ends(epoch)
        task = self._task(now)
        rows = self._in_few_tasks(frame.selectExpr(*COLUMNS), ends).mapInArrow(task, RESULT_DDL).collect()
        facts, hours = read_results((row.told, row.profile) for row in rows)
        advances = self._advances(facts, ends)
        written = [file for one in facts for file in one.written]
        if self._doors.table is not None and written:
            marks = {self._app(one.partition): one.until for one in advances}
            self._doors.table.commit(written, marks, now)
            self._marks |= marks
        advance(self._doors.database, self._topic, advances, hours, self._checks.definition.fingerprint, now)
        self._positions |= {one.partition: one.until for one in advances}
        self._doors.topics.note_offsets(self._flow.source.group, self._topic.name, self._positions)
        self._tell(advances, facts, time.monotonic() - began)

    def _in_few_tasks(self, records: DataFrame, ends: Mapping[int, int]) -> DataFrame:
        """Have a small batch done by as many tasks as run at once: starting one takes longer than its records do."""
        waiting = sum(end - self._positions.get(partition, end) for partition, end in ends.items())
        if waiting > _FEW_RECORDS:
            return records
        return records.coalesce(records.sparkSession.sparkContext.defaultParallelism)

    def _task(self, now: datetime) -> RecordTask:
        by_clock = int(now.timestamp() * _NUMBERS_PER_SECOND) % _MOST_NUMBERS
        self._number = by_clock if by_clock > self._number or self._number - by_clock > 1000 else self._number + 1  # noqa: PLR2004
        in_table = {partition: self._marks.get(self._app(partition), 0) for partition in self._positions}
        return RecordTask(
            self._flow,
            self._checks,
            self._doors.access,
            self._largest,
            now,
            self._number % _MOST_NUMBERS,
            self._doors.table,
            in_table,
        )

    def _app(self, partition: int) -> str:
        return app_id(self._flow.name, self._topic.id, partition)

    def _ends(self, epoch: int) -> dict[int, int]:
        """The offset behind the last one of each partition in this batch: what Spark noted before it began."""
        if self.checkpoint is None:
            raise AssertionError("the checkpoint of the query is not known")
        *_, offsets = (self.checkpoint / "offsets" / str(epoch)).read_text(encoding="utf-8").splitlines()
        return {int(partition): end for partition, end in json.loads(offsets)[self._topic.name].items()}

    def _advances(self, facts: Sequence[PartitionFacts], ends: Mapping[int, int]) -> list[Advance]:
        """Account for every offset of the batch."""
        found = {one.partition: one for one in facts}
        new = ends.keys() - self._positions.keys()
        if new:  # partitions that were added meanwhile are read from their beginning
            known = self._doors.topics.find([self._topic.name])[self._topic.name]
            spans = self._doors.topics.spans(known)
            self._positions |= {partition: spans[partition].first for partition in new}
        if strangers := found.keys() - ends.keys():
            raise AssertionError(f"records of partitions {sorted(strangers)} came that this batch does not have")
        advances = []
        for partition, until in sorted(ends.items()):
            start, one = self._positions[partition], found.get(partition)
            if one is None:
                counts = Counts(skipped=until - start)
            else:
                self._hold(one, start, until)
                counts = Counts(one.processed, one.dead, one.tombstones, until - start - one.received)
            if until > start:
                advances.append(Advance(partition, start, until, counts))
        return advances

    def _hold(self, one: PartitionFacts, start: int, until: int) -> None:
        """Hold what a task says against the offsets of the batch."""
        ended = one.processed + one.dead + one.tombstones
        inside = start <= one.first and one.last < until and one.received <= one.last - one.first + 1
        if one.received != ended or not inside:
            raise AssertionError(
                f"records were lost: partition {one.partition}, offsets {start} to {until}: {one.received} received"
                f" ({one.first} to {one.last}), {one.processed} processed, {one.dead} dead, {one.tombstones} tombstones"
            )

    def _tell(self, advances: Sequence[Advance], facts: Sequence[PartitionFacts], seconds: float) -> None:
        counts = sum((one.counts for one in advances), Counts())
        rules: dict[str, int] = {}
        for one in facts:
            for rule, count in one.rules.items():
                rules[rule] = rules.get(rule, 0) + count
        self.totals += counts
        self._doors.metrics.batch(counts, rules, seconds)
        if counts.offsets:
            log.info(
                "batch",
                flow=self._flow.name,
                processed=counts.processed,
                dead=counts.dead,
                tombstones=counts.tombstones,
                skipped=counts.skipped,
                seconds=round(seconds, 3),
                rules=rules,
                offsets={one.partition: one.until for one in advances},
            )
