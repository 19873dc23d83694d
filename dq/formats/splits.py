"""The parts of a file that are read apart."""

from __future__ import annotations

from dataclasses import dataclass

from dq.formats.byte_source import ByteSource
from dq.formats.layout import FileLayout
from dq.formats.limits import Limits

#: Where a reading began and ended that failed from a start nobody has proven.
NOWHERE = -1


@dataclass(frozen=True, slots=True)
class Split:
    """Bytes [start, end) of one file, and its number; of formats with row groups, those [start, end).

    `sure`: `start` is known to begin a record. `given`: it is supposed to, as the split before ended
    there when it was read from a place that was not proven either.
    """

    number: int
    start: int
    end: int
    sure: bool = False
    given: bool = False


@dataclass(frozen=True, slots=True)
class SplitSurvey:
    """Where the first record of a split begins, and how many lines the split has, found without reading its records.

    `lines` end in [start, end) of the split, `before` of them in [start, `began`).
    """

    began: int
    before: int
    lines: int


def survey_groups(_source: ByteSource, layout: FileLayout, split: Split, _limits: Limits) -> SplitSurvey:
    """Say of row groups what their file says: a row is a line."""
    return SplitSurvey(split.start, 0, sum(layout.row_groups[split.start : split.end]))


def one_split(layout: FileLayout, size: int, _limits: Limits) -> list[Split]:
    """Read a file as one."""
    return [Split(0, layout.first_row, size, sure=True)]


def group_splits(layout: FileLayout, size: int, limits: Limits) -> list[Split]:
    """Put neighbouring row groups together up to about a split's bytes."""
    groups = len(layout.row_groups)
    count = max(min(groups, -(-size // limits.part(size, len(layout.header)))), 1) if layout.splittable else 1
    edges = [groups * number // count for number in range(count + 1)]
    return [Split(number, edges[number], edges[number + 1], sure=True) for number in range(count)]
