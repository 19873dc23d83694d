"""Any work on parts of files as Spark tasks: packed into bundles, one job for any number of files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from dq.engine.byte_ranges.bundles import bundled
from dq.engine.byte_ranges.python_worker import settle_in
from dq.engine.byte_ranges.task_limits import within
from dq.engine.file_results import worst
from dq.engine.parts import named_fault
from dq.engine.spark_calls import profile_apart
from dq.formats.limits import Limits
from etl_core.errors import PipelineError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_Part = TypeVar("_Part")
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class PartedFile(Generic[_Part]):
    """A file in parts, each of about so many bytes, with all that is needed to work on it."""

    id: int
    uri: str
    parts: Sequence[_Part]
    part_bytes: int


def work_in_tasks(
    spark: SparkSession,
    files: Sequence[PartedFile[_Part]],
    work: Callable[[_Part], _Result],
    limits: Limits,
) -> dict[int, list[_Result] | PipelineError]:
    """Work on all parts of files in one Spark job; in more, with fewer files each, when it fails.

    Args:
        spark: the session.
        files: each with its own id.
        work: on one part; what it raises is its file's error and no other's.
        limits: on the memory and the time of one part.

    Returns:
        The results of each file, in the order of its parts, or its error.
    """
    return profile_apart(
        spark,
        files,
        lambda some: _worked(spark, some, work, limits),
        lambda file, error: {file.id: error},
        lambda file: file.uri,
    )


def _worked(
    spark: SparkSession, files: Sequence[PartedFile[_Part]], work: Callable[[_Part], _Result], limits: Limits
) -> dict[int, list[_Result] | PipelineError]:
    context = spark.sparkContext
    items = [(file.id, number, file.uri, part) for file in files for number, part in enumerate(file.parts)]
    sizes = [file.part_bytes for file in files for _ in file.parts]
    bundles = bundled(items, sizes, limits, context.defaultParallelism)

    def results(
        bundle: Iterable[list[tuple[int, int, str, _Part]]],
    ) -> Iterator[tuple[int, int, _Result | PipelineError]]:
        settle_in()
        for some in bundle:
            yield from within((_result(item, work, limits) for item in some), limits)

    found: dict[int, dict[int, _Result | PipelineError]] = {}
    for id_, number, result in context.parallelize(bundles, len(bundles)).mapPartitions(results).collect():
        found.setdefault(id_, {})[number] = result
    return {file.id: _together(found[file.id]) for file in files}


def _result(
    item: tuple[int, int, str, _Part], work: Callable[[_Part], _Result], limits: Limits
) -> tuple[int, int, _Result | PipelineError]:
    id_, number, uri, part = item
    try:
        return id_, number, work(part)
    except Exception as error:  # noqa: BLE001 - a fault in a library must not take the neighbours down
        return id_, number, named_fault(uri, error, limits)


def _together(results: dict[int, _Result | PipelineError]) -> list[_Result] | PipelineError:
    errors = [one for one in results.values() if isinstance(one, PipelineError)]
    if errors:
        return worst(errors)
    return [one for _, one in sorted(results.items()) if not isinstance(one, PipelineError)]
