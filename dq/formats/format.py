"""What a format has to offer to be read: a layout, splits, and the rows of one split."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from dq.formats.byte_source import ByteSource
from dq.formats.layout import FileLayout
from dq.formats.limits import Limits
from dq.formats.splits import Split
from dq.profiling.tally.row_batch import RowBatch
from dq.schema.definition import SchemaDefinition


class Reading(Protocol):
    """One split being read; `began` and `ended` hold once its batches are exhausted."""

    began: int
    ended: int

    def batches(self) -> Iterator[RowBatch]:
        """Give the rows."""


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file about to be read: its bytes, its name, its first (expanded) bytes and what is expected of it."""

    source: ByteSource
    name: str
    first: bytes
    definition: SchemaDefinition | None
    compression: str | None
    limits: Limits

    def declared_names(self) -> tuple[str, ...]:
        """Give the names of the declared fields."""
        return tuple(field.name for field in self.definition.fields) if self.definition else ()


@dataclass(frozen=True, slots=True)
class Format:
    """What a format can do: find its layout, cut a file of so many bytes into splits, read one of them."""

    layout: Callable[[OpenFile], FileLayout]
    splits: Callable[[FileLayout, int, Limits], list[Split]]
    read: Callable[[ByteSource, FileLayout, Split, Limits], Reading]


class WholeReading:
    """A split whose place needs no proof: it is the file, or its row groups."""

    def __init__(self, batches: Callable[[], Iterator[RowBatch]], split: Split) -> None:
        """Ask `batches` for the rows when they are wanted."""
        self._batches = batches
        self.began, self.ended = split.start, split.end

    def batches(self) -> Iterator[RowBatch]:
        """Give the rows."""
        return self._batches()


def one_split(layout: FileLayout, size: int, _limits: Limits) -> list[Split]:
    """Read a file as one."""
    return [Split(0, layout.first_row, size, sure=True)]
