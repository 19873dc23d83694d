"""Work packed into bundles, a Spark partition each: of about equal size, enough of them for all cores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from dq.engine.parts import GROUP, FileTask
from dq.formats.limits import Limits
from dq.formats.splits import Split

#: Parts that are so many times smaller than a bundle make bundles of equal size.
_MANY = 8
#: Opening a part takes about as long as reading this many bytes.
_OPENING = 64 * 1024

_T = TypeVar("_T")


def packed(tasks: Sequence[FileTask], limits: Limits, parallelism: int) -> list[list[tuple[FileTask, Split]]]:
    """Pack the parts of files into bundles."""
    work = [(_travelling(task), task.splits) for task in tasks]
    pairs = [(task, split) for task, splits in work for split in splits]
    return bundled(pairs, [task.head.size // len(splits) for task, splits in work for _ in splits], limits, parallelism)


def bundled(items: Sequence[_T], sizes: Sequence[int], limits: Limits, parallelism: int) -> list[list[_T]]:
    """Pack items of these sizes, in bytes, into bundles of at most about a split's bytes each, in their order.

    An item counts as more bytes than it has, for opening it costs time too.
    """
    costs = [max(size, 1) + _OPENING for size in sizes]
    target = min(max(limits.split, _OPENING * GROUP), -(-sum(costs) // (parallelism * 3)))
    if max(costs) * _MANY < target:
        return _dealt(items, costs, -(-sum(costs) // (target * parallelism)) * parallelism)
    bundles: list[list[_T]] = [[]]
    filled = 0
    for item, cost in zip(items, costs, strict=True):
        if bundles[-1] and filled + cost > target * 1.25:
            bundles.append([])
            filled = 0
        bundles[-1].append(item)
        filled += cost
    return bundles


def _dealt(items: Sequence[_T], costs: Sequence[int], count: int) -> list[list[_T]]:
    """Deal many small items into bundles of equal size, as many for each core, so that no core waits for another."""
    bundles: list[list[_T]] = [[] for _ in range(count)]
    before, total = 0, sum(costs)
    for item, cost in zip(items, costs, strict=True):
        bundles[before * count // total].append(item)
        before += cost
    return bundles


def _travelling(task: FileTask) -> FileTask:
    """Leave behind the list of all parts: in every bundle, it would grow the driver by their number's square."""
    return task if len(task.splits) == 1 else replace(task, splits=task.splits[:2])
