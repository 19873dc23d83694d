"""Profiling as Spark tasks: one job for any number of files, merged on the executors.

```
parts --count--> (file, group) profiles, (file, key, range) hashes
      --shuffle, merge--> one profile a group, one count a range
      --shuffle, merge--> one summary a file --> driver
```
Groups keep the merge a tree: a file of ten thousand parts never meets in one place as ten thousand
profiles. A file of one part is summarised where it was read and only passes through.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from dq.engine.halving import profile_apart
from dq.engine.local_executor import gathered
from dq.engine.object_store import ObjectStore
from dq.engine.outcomes import MergedKey, Misaligned, Profiled, Span, conclude, worst
from dq.engine.parts import GROUP, CountedPart, FileTask, count_part
from dq.engine.planning import BYTES_PER_RANGE
from dq.errors import PipelineError, RetryableError
from dq.formats.limits import Limits
from dq.formats.splits import Split
from dq.profiling.codec import decode_profile, encode_profile
from dq.profiling.file_profile import FileProfile
from dq.profiling.findings import Finding, first_findings
from dq.profiling.keys import RowKeys, count_repeats

if TYPE_CHECKING:
    from pyspark import RDD
    from pyspark.sql import SparkSession

    Outcome: TypeAlias = Profiled | Misaligned | PipelineError

#: Partitions of the first merge at most.
MOST_PARTITIONS = 2000
#: Parts that are so many times smaller than a bundle make bundles of equal size.
_MANY = 8
#: Opening a part takes about as long as reading this many bytes.
_OPENING = 64 * 1024


class SparkJobFailedError(RetryableError):
    """Spark gave a job up: an executor died several times, or could not be had at all."""


@dataclass(frozen=True, slots=True)
class MergedGroup:
    """Neighbouring parts of one file, merged: the profile as bytes, and where each part lay."""

    profile: bytes
    spans: tuple[Span, ...]
    examples: tuple[tuple[Finding, ...], ...]


@dataclass(frozen=True, slots=True)
class KeyHashes:
    """One key of the rows of one part, those in one range, as bytes."""

    data: bytes


@dataclass(frozen=True, slots=True)
class KeyCount:
    """Rows and repeats of one key in one range."""

    key: int
    rows: int
    repeated: int


def profile_on_spark(
    spark: SparkSession, tasks: Sequence[FileTask], store: ObjectStore, limits: Limits, reader: str
) -> dict[int, Outcome]:
    """Read and profile files by byte ranges, in one Spark job; one more for each halving when it fails."""

    def alone(task: FileTask, error: Exception) -> dict[int, Outcome]:
        message = f"{task.head.uri}: the Spark job that read it failed ({type(error).__name__}); trying again may help"
        return {task.id: SparkJobFailedError(message)}

    return profile_apart(tasks, lambda some: _profile(spark, some, store, limits, reader), alone)


def _profile(
    spark: SparkSession, tasks: Sequence[FileTask], store: ObjectStore, limits: Limits, reader: str
) -> dict[int, Outcome]:
    context = spark.sparkContext
    bundles = packed(tasks, limits, context.defaultParallelism)

    def count(bundle: Iterable[list[tuple[FileTask, Split]]]) -> Iterator[tuple[Any, Any]]:
        for pairs in bundle:
            for task, split in pairs:
                part = count_part(store, task, split, limits)
                yield from [whole_file(task, part, reader)] if len(task.splits) == 1 else records(task, part)

    counted = context.parallelize(bundles, len(bundles)).mapPartitions(count)
    return merged(counted, [task for task in tasks if len(task.splits) > 1], reader)


def packed(tasks: Sequence[FileTask], limits: Limits, parallelism: int) -> list[list[tuple[FileTask, Split]]]:
    """Pack parts into bundles of at most about a split's bytes each, enough of them for all cores.

    A part counts as more bytes than it has, for opening it costs time too.
    """
    work = [(_travelling(task), task.splits) for task in tasks]
    pairs = [(task, split) for task, splits in work for split in splits]
    sizes = [max(task.head.size // len(splits), 1) + _OPENING for task, splits in work for _ in splits]
    target = min(max(limits.split, _OPENING * GROUP), -(-sum(sizes) // (parallelism * 3)))
    if max(sizes) * _MANY < target:
        return _dealt(pairs, sizes, -(-sum(sizes) // (target * parallelism)) * parallelism)
    bundles: list[list[tuple[FileTask, Split]]] = [[]]
    filled = 0
    for pair, size in zip(pairs, sizes, strict=True):
        if bundles[-1] and filled + size > target * 1.25:
            bundles.append([])
            filled = 0
        bundles[-1].append(pair)
        filled += size
    return bundles


def _dealt(
    pairs: Sequence[tuple[FileTask, Split]], sizes: Sequence[int], count: int
) -> list[list[tuple[FileTask, Split]]]:
    """Deal many small parts into bundles of equal size, as many for each core, so that no core waits for another."""
    bundles: list[list[tuple[FileTask, Split]]] = [[] for _ in range(count)]
    before, total = 0, sum(sizes)
    for pair, size in zip(pairs, sizes, strict=True):
        bundles[before * count // total].append(pair)
        before += size
    return bundles


def _travelling(task: FileTask) -> FileTask:
    """Leave behind the list of all parts: in every bundle, it would grow the driver by their number's square."""
    return task if len(task.splits) == 1 else replace(task, splits=task.splits[:2])


def whole_file(task: FileTask, part: CountedPart | PipelineError, reader: str) -> tuple[Any, Any]:
    """Summarise a file of one part where it was read."""
    return (task.id, "done", 0), gathered(task, [part], reader)


def records(task: FileTask, part: CountedPart | PipelineError) -> Iterator[tuple[Any, Any]]:
    """Turn one of several parts into what is shuffled: keyed by (file, what, number)."""
    if isinstance(part, PipelineError):
        yield (task.id, "group", 0), part
        return
    span = Span(part.number, part.began, part.ended)
    examples = tuple(key.examples for key in part.keys)
    yield (task.id, "group", part.number // GROUP), MergedGroup(encode_profile(part.profile), (span,), examples)
    for at, key in enumerate(part.keys):
        for number, hashes in enumerate(key.keys.dealt(task.key_ranges)):
            yield (task.id, "key", at * task.key_ranges + number), KeyHashes(hashes.to_bytes())


def merged(counted: RDD[tuple[Any, Any]], several: Sequence[FileTask], reader: str) -> dict[int, Outcome]:
    """Merge on the executors and bring one outcome a file to the driver: one job.

    `several` are the files that come in more than one part.
    """
    if several:
        by_id = {task.id: task for task in several}
        ranges = {task.id: task.key_ranges for task in several}
        width = merge_width(several)
        counted = _regrouped(counted, width, lambda key: key, lambda key, values: _first_level(key, values, ranges))
        counted = _regrouped(
            counted,
            min(width, len(by_id)),
            lambda key: key[0],
            lambda key, values: _second_level(by_id, key, values, reader),
        )
    return {key[0]: outcome for key, outcome in counted.collect()}


def merge_width(several: Sequence[FileTask]) -> int:
    """Say in how many places parts are merged: about a group's profiles, or a range's hashes, meet in each.

    Small files share a place, for a task of its own would take longer than merging them.
    """
    parts = sum(len(task.splits) for task in several)
    hashed = sum(task.head.size * len(task.recipe.keys) for task in several)
    return min(-(-parts // GROUP) + hashed // BYTES_PER_RANGE, MOST_PARTITIONS)


def _regrouped(
    pairs: RDD[tuple[Any, Any]],
    partitions: int,
    place: Callable[[Any], Any],
    merge: Callable[[Any, Iterator[Any]], Iterator[tuple[Any, Any]]],
) -> RDD[tuple[Any, Any]]:
    """Bring equal places together and merge them one after the other."""

    def merge_all(rows: Iterable[tuple[Any, Any]]) -> Iterator[tuple[Any, Any]]:
        groups: dict[Any, list[Any]] = {}
        for key, value in rows:
            groups.setdefault(place(key), []).append((key, value))
        for at in sorted(groups):
            yield from merge(at, iter(groups.pop(at)))

    return pairs.partitionBy(partitions, lambda key: _spread(place(key))).mapPartitions(merge_all)


def _spread(place: int | tuple[int, str, int]) -> int:
    """Number a place the same in every process (Python's own hash of text is salted)."""
    if isinstance(place, int):
        return place
    number, what, part = place
    return number * 31 + part + (7 if what == "key" else 0)


def _first_level(
    key: tuple[int, str, int], values: Iterator[tuple[Any, Any]], ranges: dict[int, int]
) -> Iterator[tuple[Any, Any]]:
    number, what, at = key
    found = [value for _, value in values]
    if what == "done":
        yield key, found[0]
    elif what == "key":
        hashes = [RowKeys.from_bytes(value.data) for value in found]
        rows = sum(map(len, hashes))
        yield key, KeyCount(at // ranges[number], rows, count_repeats(hashes))
    else:
        yield key, merged_groups(found)


def merged_groups(found: Sequence[MergedGroup | PipelineError]) -> MergedGroup | PipelineError:
    """Merge neighbouring parts in the order of the file, so that the result never depends on timing."""
    errors = [one for one in found if isinstance(one, PipelineError)]
    if errors:
        return worst(errors)
    groups = sorted((one for one in found if isinstance(one, MergedGroup)), key=lambda one: one.spans[0].number)
    if len(groups) == 1:
        return groups[0]
    profile = FileProfile()
    for group in groups:
        profile = profile + decode_profile(group.profile)
    examples = tuple(first_findings(*parts) for parts in zip(*(group.examples for group in groups), strict=True))
    return MergedGroup(encode_profile(profile), tuple(span for group in groups for span in group.spans), examples)


def _second_level(
    by_id: dict[int, FileTask], number: int, values: Iterator[tuple[Any, Any]], reader: str
) -> Iterator[tuple[Any, Any]]:
    groups: list[MergedGroup | PipelineError] = []
    counts: list[KeyCount] = []
    for key, value in values:
        if key[1] == "done":
            yield key, value
            return
        if isinstance(value, KeyCount):
            counts.append(value)
        else:
            groups.append(value)
    whole = merged_groups(groups)
    if isinstance(whole, PipelineError):
        yield (number, "done", 0), whole
        return
    task = by_id[number]
    keys = [
        sum(
            (MergedKey(one.rows, one.repeated) for one in counts if one.key == at),
            MergedKey(0, 0, tuple(whole.examples[at])),
        )
        for at in range(len(task.recipe.keys))
    ]
    yield (number, "done", 0), conclude(task, decode_profile(whole.profile), whole.spans, keys, reader)
