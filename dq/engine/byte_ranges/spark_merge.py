"""Putting the parts of files together on the executors, in the same job that counted them.

```
parts --count--> (file, group) profiles, (file, key, range) hashes
      --shuffle, merge--> one profile a group, one count a range
      --shuffle, merge--> one summary a file --> driver
```
Groups keep the merge a tree: a file of ten thousand parts never meets in one place as ten thousand
profiles. Where all there is to merge fits into one place, both merges are done there. A file of one part is
summarised where it was read and only passes through.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from dq.engine.byte_ranges.local_executor import gathered
from dq.engine.byte_ranges.python_worker import settle_in
from dq.engine.file_results import MergedKey, RoundResult, Span, conclude, worst
from dq.engine.keys.gathered_keys import GatheredKeys
from dq.engine.parts import GROUP, CountedPart, FileTask
from dq.engine.planning import BYTES_PER_RANGE, bytes_of_keys
from dq.profiling.figures.row_keys import RowKeys
from dq.profiling.profile.codec import decode_profile, encode_profile
from dq.profiling.profile.file_profile import FileProfile
from dq.profiling.tally.offences import Offence, first_offences
from etl_core.errors import PipelineError

if TYPE_CHECKING:
    from pyspark import RDD

#: Partitions of the first merge at most.
MOST_PARTITIONS = 2000


_Profile = TypeVar("_Profile", bytes, FileProfile)


@dataclass(frozen=True, slots=True)
class MergedGroup(Generic[_Profile]):
    """Neighbouring parts of one file, merged: the profile, as bytes on its way, and where each part lay."""

    profile: _Profile
    spans: tuple[Span, ...]
    examples: tuple[tuple[Offence, ...], ...]


@dataclass(frozen=True, slots=True)
class KeyHashes:
    """One key of rows of one part, those in one range, as bytes."""

    data: bytes


@dataclass(frozen=True, slots=True)
class RangeCount:
    """Rows and repeats of one key in one range."""

    key: int
    rows: int
    repeated: int


def whole_file(task: FileTask, part: CountedPart | PipelineError, reader: str) -> tuple[Any, Any]:
    """Summarise a file of one part where it was read."""
    return (task.id, "done", 0), gathered(task, [part], reader)


def records(task: FileTask, part: CountedPart | PipelineError) -> Iterator[tuple[Any, Any]]:
    """Turn one of several parts into what is shuffled: keyed by (file, what, number)."""
    if isinstance(part, PipelineError):
        yield (task.id, "group", 0), part
        return
    span = Span(part.number, part.began, part.ended)
    examples = part.keys.examples
    yield (task.id, "group", part.number // GROUP), MergedGroup(encode_profile(part.profile), (span,), examples)
    with closing(part.keys):
        try:
            for number, keys in part.keys.dealt(task.key_ranges):
                yield (task.id, "key", number), KeyHashes(keys.to_bytes())
        except PipelineError as error:
            yield (task.id, "group", 0), error


def merged(counted: RDD[tuple[Any, Any]], several: Sequence[FileTask], reader: str) -> dict[int, RoundResult]:
    """Merge on the executors and bring one result a file to the driver: one job.

    `several` are the files that come in more than one part.
    """
    if several:
        by_id = {task.id: task for task in several}
        ranges = {task.id: task.key_ranges for task in several}
        width = merge_width(several)

        def by_range(key: tuple[int, str, int], values: list[tuple[Any, Any]]) -> Iterator[tuple[Any, Any]]:
            return _first_level(key, values)

        def by_file(number: int, values: list[tuple[Any, Any]]) -> Iterator[tuple[Any, Any]]:
            return _second_level(by_id, number, values, reader)

        if width > 1:
            counted = _regrouped(counted, width, ranges, lambda key: key, by_range)
        counted = _regrouped(counted, min(width, len(by_id)), ranges, lambda key: key[0], by_file)
    return {key[0]: result for key, result in counted.collect()}


def merge_width(several: Sequence[FileTask]) -> int:
    """Say in how many places parts are merged: about a group's profiles, or a range's hashes, meet in each.

    Small files share a place, for a task of its own would take longer than merging them.
    """
    parts = sum(len(task.splits) for task in several)
    hashed = sum(bytes_of_keys(task.layout, task.head.size) * len(task.recipe.keys) for task in several)
    return min(-(-parts // GROUP) + hashed // BYTES_PER_RANGE, MOST_PARTITIONS)


def _regrouped(
    pairs: RDD[tuple[Any, Any]],
    partitions: int,
    ranges: Mapping[int, int],
    place: Callable[[Any], Any],
    merge: Callable[[Any, list[tuple[Any, Any]]], Iterator[tuple[Any, Any]]],
) -> RDD[tuple[Any, Any]]:
    """Bring equal places together and merge them one after the other; keys are counted as they come."""

    def merge_all(rows: Iterable[tuple[Any, Any]]) -> Iterator[tuple[Any, Any]]:
        settle_in()
        groups: dict[Any, list[tuple[Any, Any]]] = {}
        for key, value in _keys_counted(rows, ranges):
            groups.setdefault(place(key), []).append((key, value))
        for at in sorted(groups):
            yield from merge(at, groups.pop(at))

    return pairs.partitionBy(partitions, lambda key: _spread(place(key))).mapPartitions(merge_all)


def _keys_counted(rows: Iterable[tuple[Any, Any]], ranges: Mapping[int, int]) -> Iterator[tuple[Any, Any]]:
    """Let rows pass, of keys their counts, once all have come."""
    with closing(GatheredKeys[tuple[int, str, int]]()) as gathered:
        full: set[int] = set()
        for key, value in rows:
            if not isinstance(value, KeyHashes):
                yield key, value
            elif key[0] not in full:
                try:
                    gathered.add(key, RowKeys.from_bytes(value.data))
                except PipelineError as error:
                    full.add(key[0])
                    yield (key[0], "group", 0), error
        for name in gathered.names:
            number, _, at = name
            try:
                yield name, RangeCount(at // ranges[number], *gathered.count(name))
            except PipelineError as error:
                yield (number, "group", 0), error


def _spread(place: int | tuple[int, str, int]) -> int:
    """Number a place the same in every process (Python's own hash of text is salted)."""
    if isinstance(place, int):
        return place
    number, what, part = place
    return number * 31 + part + (7 if what == "key" else 0)


def _first_level(key: tuple[int, str, int], values: list[tuple[Any, Any]]) -> Iterator[tuple[Any, Any]]:
    found = [value for _, value in values]
    if key[1] != "group" or len(found) == 1:
        yield key, found[0]
        return
    whole = _merged_groups(found)
    if isinstance(whole, PipelineError):
        yield key, whole
    else:
        yield key, MergedGroup(encode_profile(whole.profile), whole.spans, whole.examples)


def _merged_groups(
    found: Sequence[MergedGroup[bytes] | PipelineError],
) -> MergedGroup[FileProfile] | PipelineError:
    """Merge neighbouring parts in the order of the file, so that the result never depends on timing."""
    errors = [one for one in found if isinstance(one, PipelineError)]
    if errors:
        return worst(errors)
    groups = sorted((one for one in found if isinstance(one, MergedGroup)), key=lambda one: one.spans[0].number)
    profile = reduce(add, (decode_profile(group.profile) for group in groups))
    examples = tuple(first_offences(*parts) for parts in zip(*(group.examples for group in groups), strict=True))
    return MergedGroup(profile, tuple(span for group in groups for span in group.spans), examples)


def _second_level(
    by_id: dict[int, FileTask], number: int, values: list[tuple[Any, Any]], reader: str
) -> Iterator[tuple[Any, Any]]:
    groups: list[MergedGroup[bytes] | PipelineError] = []
    counts: list[RangeCount] = []
    for key, value in values:
        if key[1] == "done":
            yield key, value
            return
        if isinstance(value, RangeCount):
            counts.append(value)
        else:
            groups.append(value)
    whole = _merged_groups(groups)
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
    yield (number, "done", 0), conclude(task, whole.profile, whole.spans, keys, reader)
