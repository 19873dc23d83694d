"""One pass over the records a task has: good ones sent on, all others to the dead letters, everything counted.

One row comes out for each partition (its counts), and one for each of its hours (a profile). Nothing of a record goes
back to the driver.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from dq import CheckedRecords, HourPart, HourTallies, RecordChecks
from pipelines.records.checking.dead_letter import (
    ATTEMPT,
    DeadRecord,
    Fault,
    Place,
    dead_letter,
)
from pipelines.records.checking.outgoing import Outgoing, outgoing_records
from pipelines.records.checking.taken_records import TakenRecords
from pipelines.records.flow import Flow
from pipelines.records.kafka.access import KafkaAccess
from pipelines.records.kafka.sending import Sender

if TYPE_CHECKING:
    from pipelines.records.sinks import TableSink, TableWriter

#: What tasks give: facts as JSON, and a profile where the row is of an hour.
RESULT: Final = pa.schema([("told", pa.string()), ("profile", pa.binary())])
RESULT_DDL: Final = "told string, profile binary"
#: What a task takes of Spark's source, as expressions. Headers go as a text: before each record Spark adds up how large
#: the batch for Python is, and of a nested column that takes as long as there are records in it.
COLUMNS: Final = ("key", "value", "partition", "offset", "timestamp", "to_json(headers) AS headers")


@dataclass(frozen=True, slots=True)
class Largest:
    """Bytes that a record may have: in the topic of good ones, and in that of dead letters."""

    processed: int
    dead: int


@dataclass(frozen=True, slots=True)
class PartitionFacts:
    """What became of the records of one partition.

    `first` and `last` are offsets, `received` counts records before anybody looked at them; `rules` counts the dead by
    the first rule they break; `written` is of the table.
    """

    partition: int
    first: int
    last: int
    received: int = 0
    processed: int = 0
    dead: int = 0
    tombstones: int = 0
    rules: Mapping[str, int] = field(default_factory=dict)
    written: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class RecordTask:
    """The work of tasks; travels to them.

    Attributes:
        flow: what is done.
        checks: what records are held against.
        access: to the brokers.
        largest: records that the topics take.
        now: the time of the batch, aware.
        number: of the batch, below 2 ** 15; later ones are larger.
        table: good records go there, too; None: to no table.
        in_table: the next offset of each partition in the table; what is before it is there already.
    """

    flow: Flow
    checks: RecordChecks
    access: KafkaAccess
    largest: Largest
    now: datetime
    number: int
    table: TableSink | None = None
    in_table: Mapping[int, int] = field(default_factory=dict)

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Do it for the records of a task."""
        sender = Sender(self.access)
        parts: dict[int, _Partition] = {}
        for batch in batches:
            there = pc.unique(batch["partition"]).to_pylist()
            for partition in there:
                rows = batch if len(there) == 1 else batch.filter(pc.equal(batch["partition"], partition))
                if partition not in parts:
                    parts[partition] = _Partition(self, partition, sender)
                parts[partition].add(rows)
        sender.finish()
        for part in parts.values():
            yield _rows(part.facts(), part.hours())


def read_results(rows: Iterable[tuple[str, bytes | None]]) -> tuple[list[PartitionFacts], list[HourPart]]:
    """Read what tasks gave."""
    facts, hours = [], []
    for told, profile in rows:
        read: dict[str, Any] = orjson.loads(told)
        if profile is None:
            facts.append(PartitionFacts(**read))
        else:
            hour, newest = (datetime.fromisoformat(read[name]) for name in ("hour", "newest"))
            hours.append(HourPart(hour, read["records"], read["size"], newest, bytes(profile)))
    return facts, hours


def _rows(facts: PartitionFacts, hours: Sequence[HourPart]) -> pa.RecordBatch:
    told = [orjson.dumps(asdict(facts)).decode()]
    told += [
        orjson.dumps(
            {"hour": one.hour.isoformat(), "newest": one.newest.isoformat(), "records": one.records, "size": one.size}
        ).decode()
        for one in hours
    ]
    return pa.RecordBatch.from_arrays(
        [pa.array(told, pa.string()), pa.array([None, *(one.profile for one in hours)], pa.binary())], schema=RESULT
    )


class _Partition:
    """The records of one partition, in their order."""

    def __init__(self, task: RecordTask, partition: int, sender: Sender) -> None:
        self._task, self._number, self._sender = task, partition, sender
        self._tallies = HourTallies(task.checks, task.number * 256 + partition % 256)
        self._writer: TableWriter | None = None if task.table is None else task.table.writer(partition)
        self._first: int | None = None
        self._last = -1
        self._received = self._processed = self._dead = self._tombstones = 0
        self._rules: dict[str, int] = {}

    def add(self, rows: pa.RecordBatch) -> None:
        """Take in records."""
        offsets = rows["offset"].to_numpy()
        if offsets[0] <= self._last or (np.diff(offsets) <= 0).any():
            raise AssertionError(f"partition {self._number}: offsets do not ascend behind {self._last}")
        self._first = int(offsets[0]) if self._first is None else self._first
        self._last = int(offsets[-1])
        self._received += rows.num_rows
        records = TakenRecords(rows)
        sent: list[Outgoing] = []
        flow, largest = self._task.flow, self._task.largest.processed
        beside = records.sizes_beside(keyed=flow.target.key is not None)
        tombstones, faults = self._tombstones_of(records)
        for hour, places, newest in records.hours(self._task.now):
            values = [records.values[at] or b"" for at in places.tolist()]
            checked = self._tallies.look(hour, values, newest)
            faults |= {int(places[at]): one for at, one in faults_of(checked).items()}
            outgoing = outgoing_records(
                flow, checked, self._task.now, largest, None if beside is None else beside[places]
            )
            faults |= {int(places[at]): one for at, one in outgoing.faults.items()}
            moved = outgoing.at(places)
            sent.append(moved)
            self._write(hour, moved, records)
        self._send(sent, tombstones, records)
        self._bury(faults, records)

    def _tombstones_of(self, records: TakenRecords) -> tuple[list[int], dict[int, Fault]]:
        """Tell tombstones from other records without a value."""
        topic, largest = self._task.flow.target.topic, self._task.largest.processed
        tombstones: list[int] = []
        faults: dict[int, Fault] = {}
        for at in records.without_value.tolist():
            size = records.size_without_value(at)
            if records.keys[at] is None:
                faults[at] = Fault("key", "", "neither a key nor a value: nobody knows what is to be deleted")
            elif size > largest:
                faults[at] = Fault("size", "", f"{size:,} bytes of key and headers, {topic} takes {largest:,}")
            else:
                tombstones.append(at)
        return tombstones, faults

    def _send(self, sent: Sequence[Outgoing], tombstones: Sequence[int], records: TakenRecords) -> None:
        """Send good records and tombstones in the order they came in."""
        topic, keyed = self._task.flow.target.topic, self._task.flow.target.key is not None
        plain = len(sent) == 1 and not tombstones and not records.has_headers
        if plain:
            (only,) = sent
            keys = only.keys.to_pylist() if keyed else [records.keys[at] for at in only.places.tolist()]
            self._sender.send_all(topic, keys, only.values.to_pylist())
        else:
            due: dict[int, tuple[bytes | None, bytes | None]] = {at: (records.keys[at], None) for at in tombstones}
            for one in sent:
                for at, key, value in zip(
                    one.places.tolist(), one.keys.to_pylist(), one.values.to_pylist(), strict=True
                ):
                    due[at] = (key if keyed else records.keys[at], value)
            for at in sorted(due):
                kept = [pair for pair in records.headers(at) if pair[0] != ATTEMPT]
                self._sender.send(topic, *due[at], kept)
        self._processed += sum(len(one.places) for one in sent)
        self._tombstones += len(tombstones)

    def _bury(self, faults: dict[int, Fault], records: TakenRecords) -> None:
        """Send all others to the dead letters."""
        flow = self._task.flow
        for at, fault in sorted(faults.items()):
            place = Place(flow.source.topic, self._number, int(records.offsets[at]))
            record = DeadRecord(place, records.keys[at], records.values[at], records.headers(at))
            letter = dead_letter(flow.name, record, fault, self._task.now, self._task.largest.dead)
            self._sender.send(flow.dead_letters, letter.key, letter.value, letter.headers)
            self._rules[fault.rule] = self._rules.get(fault.rule, 0) + 1
        self._dead += len(faults)

    def _write(self, hour: datetime, sent: Outgoing, records: TakenRecords) -> None:
        """Write good records to the table, but for those it has."""
        if self._writer is None or not len(sent.places):
            return
        offsets = records.offsets[sent.places]
        new = offsets >= self._task.in_table.get(self._number, 0)
        if not new.any():
            return
        count = len(offsets)
        columns = {
            **sent.columns,
            "_topic": pa.repeat(pa.scalar(self._task.flow.source.topic), count),
            "_partition": pa.repeat(pa.scalar(self._number, pa.int64()), count),
            "_offset": pa.array(offsets, pa.int64()),
        }
        rows = pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))
        self._writer.add(hour, rows if new.all() else rows.filter(pa.array(new)))

    def facts(self) -> PartitionFacts:
        """What became of them."""
        return PartitionFacts(
            self._number,
            self._first or 0,
            self._last,
            self._received,
            self._processed,
            self._dead,
            self._tombstones,
            self._rules,
            [] if self._writer is None else self._writer.close(),
        )

    def hours(self) -> list[HourPart]:
        """What was counted of them."""
        return self._tallies.parts()


def faults_of(checked: CheckedRecords) -> dict[int, Fault]:
    """Say why records fail, by their places among the values."""
    faults = {at: Fault("malformedRows", "", reason) for at, reason in checked.malformed}
    failing = np.flatnonzero(checked.failing)
    if len(failing):
        found = checked.findings.take(pa.array(failing)).to_pylist()
        faults |= {int(checked.at[row]): _fault(findings) for row, findings in zip(failing, found, strict=True)}
    return faults


def _fault(findings: Sequence[Mapping[str, Any]]) -> Fault:
    grave = [one for one in findings if one["severity"] != "warning"]
    told = "; ".join(f"{one['column']}: {one['message']}" if one["column"] else one["message"] for one in grave)
    return Fault(grave[0]["rule"], grave[0]["column"], told)
