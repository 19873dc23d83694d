"""Profiles a file on a cluster, and again while one of its executors dies: `cluster_program.py MASTER READER=FILE ...`.

Prints one JSON object: by reader the payloads of both runs and how many tasks the dead executor had done.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias
from unittest import mock

import psutil
from pyspark import TaskContext

from dq.engine import small
from dq.engine.profile_files import profile_files
from dq.engine.spark_readers import lane as readers
from dq.engine.spark_readers.counting import count_file
from dq.engine.spark_readers.seen_bytes import SeenBytes
from dq.formats.limits import Limits
from etl_core.objects.store import ObjectStore
from etl_core.spark.session import build_session
from tests.engine.batches import local_sources, payload, readable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import pyarrow as pa
    from pyspark.sql import SparkSession

    from dq.engine.assignment import Assignment
    from dq.engine.parts import FileTask
    from etl_core.objects.store import ObjectHead

    Count: TypeAlias = Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]

#: One file in several hundred parts of several groups: 2 MB in six tasks, whose results are merged by further tasks.
LIMITS = Limits(split=8 * 1024)
#: The first task that may bring its executor down: two executors of one core have each done some before.
_LATE = 3


def main() -> None:
    master, *pairs = sys.argv[1:]
    options = {
        "spark.executor.memory": "600m",
        "spark.executor.extraJavaOptions": os.environ["SPARK_SUBMIT_OPTS"],  # as the driver of a test
        "spark.executor.cores": "1",
        "spark.cores.max": "2",
        "spark.scheduler.minRegisteredResourcesRatio": "1.0",
        "spark.scheduler.maxRegisteredResourcesWaitingTime": "120s",
        "spark.sql.files.maxPartitionBytes": "350000",
        "spark.sql.shuffle.partitions": "2",
    }
    spark = build_session(master=master, options=options)
    small.SMALL_BYTES = 0  # a small file goes to the cluster as a large one does
    found = {}
    for pair in pairs:
        reader, _, path = pair.partition("=")
        unharmed = payload_of(spark, ObjectStore(), reader, path)
        with tempfile.TemporaryDirectory() as folder:
            mark = Path(folder) / "killed"
            store = DeadlyStore(mark) if reader == "direct" else ObjectStore()
            with mock.patch.object(readers, "count_file", deadly_count_file(mark)):
                harmed = payload_of(spark, store, reader, path)
        found[reader] = {"unharmed": unharmed, "harmed": harmed, "done before": tasks_done_by_the_dead(spark)}
    spark.stop()
    print(json.dumps(found))  # noqa: T201 - what the test reads


def payload_of(spark: SparkSession, store: ObjectStore, reader: str, path: str) -> str:
    found = profile_files(local_sources([Path(path)]), store=store, spark=spark, reader=reader, limits=LIMITS)
    summary = readable(found[0])
    assert summary.reader == reader
    return payload(summary)


class DeadlyStore(ObjectStore):
    """Brings the executor down that reads a late part of the file, once."""

    def __init__(self, mark: Path) -> None:
        """Remember in the file `mark` that it happened."""
        super().__init__()
        self._mark = mark

    def read(self, head: ObjectHead, start: int, length: int) -> bytes:
        data = super().read(head, start, length)
        kill_once(self._mark)
        return data


def deadly_count_file(mark: Path) -> Callable[[FileTask, int, Assignment, SeenBytes], Count]:
    """Count what Spark's readers give, and bring an executor down in the middle of a late part, once."""

    def make(file: FileTask, first: int, assignment: Assignment, seen: SeenBytes) -> Count:
        count = count_file(file, first, assignment, seen)

        def deadly(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            for batch in batches:
                yield batch
                kill_once(mark)

        return lambda batches: count(deadly(batches))

    return make


def kill_once(mark: Path) -> None:
    """End the executor that runs this task as a lost machine would, if it is a late one and none was ended before."""
    task = TaskContext.get()
    if task is None or task.partitionId() < _LATE:
        return
    try:
        mark.touch(exist_ok=False)
    except FileExistsError:
        return
    (executor,) = [process for process in psutil.Process().parents() if "--executor-id" in process.cmdline()]
    os.kill(executor.pid, signal.SIGKILL)


def tasks_done_by_the_dead(spark: SparkSession) -> list[int]:
    """Give the number of tasks that each executor had done that is no more, as Spark itself counts them."""
    context: Any = spark.sparkContext
    executors = context._jsc.sc().statusStore().executorList(False)  # noqa: FBT003 - a call of Scala
    every = [executors.apply(at) for at in range(executors.size())]
    return [executor.completedTasks() for executor in every if not executor.isActive()]


if __name__ == "__main__":
    main()
