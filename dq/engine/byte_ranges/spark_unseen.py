"""Small objects as Spark tasks that look for themselves: their bytes come to the task and to nobody else.

Otherwise the driver would look at each, plan it, and hand its bytes on to the tasks, through the JVM.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from dq.engine.assignment import Assignment
from dq.engine.byte_ranges.bundles import bundled
from dq.engine.byte_ranges.halving import profile_apart
from dq.engine.byte_ranges.spark_executor import job_failed, leave_what_is_loaded
from dq.engine.byte_ranges.unseen import Peeked, peek_and_profile
from dq.engine.source_file import UnseenObject

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def profile_unseen(spark: SparkSession, sources: Sequence[UnseenObject], assignment: Assignment) -> dict[int, Peeked]:
    """Look at objects and profile them in one Spark job; one more for each halving when it fails."""

    def alone(source: UnseenObject, error: Exception) -> dict[int, Peeked]:
        return {source.id: job_failed(f"s3://{source.bucket}/{source.key}", error)}

    def profile(some: Sequence[UnseenObject]) -> dict[int, Peeked]:
        context = spark.sparkContext
        bundles = bundled(some, [source.size for source in some], assignment.limits, context.defaultParallelism)

        def count(partition: Iterable[list[UnseenObject]]) -> Iterator[tuple[int, Peeked]]:
            leave_what_is_loaded()
            for bundle in partition:
                yield from peek_and_profile(bundle, assignment)

        return dict(context.parallelize(bundles, len(bundles)).mapPartitions(count).collect())

    return profile_apart(sources, profile, alone)
