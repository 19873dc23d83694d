"""Whether Spark's text reader gave all lines of a file: where bytes are missing, it skipped a line.

The reader holds a line as a whole, several times over, and one of some hundred megabytes takes all memory of its JVM,
which in local mode is this program's own. Told what the longest line may be, it skips a longer one without a word. So
the bytes of the lines that it does give are summed up beside the job, and compared with the size of the file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeAlias

from pyspark import TaskContext
from pyspark.accumulators import AccumulatorParam

from dq.engine.parts import FileTask

if TYPE_CHECKING:
    from pyspark import SparkContext

    #: Bytes by file, Spark partition and block: what is counted again, as its task was lost, counts once.
    Seen: TypeAlias = dict[tuple[int, int, int], int]


class _Union(AccumulatorParam["Seen"]):
    def zero(self, value: Seen) -> Seen:
        del value
        return {}

    def addInPlace(self, value1: Seen, value2: Seen) -> Seen:  # noqa: N802 - Spark's name
        value1.update(value2)
        return value1


class SeenBytes:
    """The bytes that one job saw of every file, line feeds among them; made on the driver, added to by tasks."""

    def __init__(self, context: SparkContext) -> None:
        """Start at nothing."""
        self._seen = context.accumulator({}, _Union())

    def add(self, task: FileTask, block: int, count: int) -> None:
        """Say how many bytes a block of a file had."""
        context = TaskContext.get()
        self._seen.add({(task.id, context.partitionId() if context else 0, block): count})

    def short(self, tasks: Iterable[FileTask]) -> list[FileTask]:
        """Find, once the job is done, the files of lines of which some were skipped."""
        seen: Counter[int] = Counter()
        for (number, _, _), count in self._seen.value.items():
            seen[number] += count
        # One byte more than the file has is seen of a last line without a line feed.
        counted = (task for task in tasks if task.layout.format.spark and task.layout.format.spark.bytes_of)
        return [task for task in counted if seen[task.id] < task.head.size - task.layout.first_row]
