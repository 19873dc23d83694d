"""Small objects as Spark tasks that look for themselves: their bytes come to the task and to nobody else.

Otherwise the driver would look at each, plan it, and hand its bytes on to the tasks, through the JVM.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from dq.engine.assignment import Assignment
from dq.engine.byte_ranges.bundles import bundled
from dq.engine.byte_ranges.python_worker import settle_in
from dq.engine.byte_ranges.task_limits import within
from dq.engine.byte_ranges.unseen import Peeked, peek_and_profile
from dq.engine.source_file import UnseenObject
from dq.engine.spark_calls import profile_apart

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def profile_unseen(spark: SparkSession, sources: Sequence[UnseenObject], assignment: Assignment) -> dict[int, Peeked]:
    """Look at objects and profile them in one Spark job; in more, with fewer of them each, when it fails."""

    def profile(some: Sequence[UnseenObject]) -> dict[int, Peeked]:
        context = spark.sparkContext
        bundles = bundled(some, [source.size for source in some], assignment.limits, context.defaultParallelism)

        def count(partition: Iterable[list[UnseenObject]]) -> Iterator[tuple[int, Peeked]]:
            settle_in()
            for bundle in partition:
                yield from within(peek_and_profile(bundle, assignment), assignment.limits)

        return dict(context.parallelize(bundles, len(bundles)).mapPartitions(count).collect())

    return profile_apart(
        spark,
        sources,
        profile,
        lambda source, error: {source.id: error},
        lambda source: f"s3://{source.bucket}/{source.key}",
    )
