"""What a format is: everything there is to know about it, in one place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from dq.formats.byte_source import ByteSource
from dq.formats.layout import FileLayout
from dq.formats.limits import Limits
from dq.formats.spark_reading import SparkReading
from dq.formats.splits import Split, SplitSurvey
from dq.profiling.tally.recipe import CellEncoding
from dq.profiling.tally.row_batch import RowBatch
from dq.schema.definition import SchemaDefinition
from dq.schema.format_names import FormatNames


class Reading(Protocol):
    """One split being read; `began` and `ended` hold once its batches are exhausted."""

    began: int
    ended: int

    def batches(self) -> Iterator[RowBatch]:
        """Give the rows."""


@runtime_checkable
class LateReading(Reading, Protocol):
    """A split of a file whose layout is late."""

    def layout(self) -> FileLayout:
        """Find the layout, in the same opening that gives the batches; raises UnreadableFileError."""


_COMPRESSED_SUFFIXES = (".gz", ".gzip", ".zst", ".zstd", ".bz2", ".zip")


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file about to be read: as what, its bytes, its name, its first (expanded) bytes and what is expected of it."""

    format: Format
    source: ByteSource
    name: str
    first: bytes
    definition: SchemaDefinition | None
    compression: str | None
    limits: Limits

    def declared_names(self) -> tuple[str, ...]:
        """Give the names of the declared fields."""
        return tuple(field.name for field in self.definition.fields) if self.definition else ()

    def options(self) -> object:
        """Give what the definition says under the name of the format, None where it says nothing."""
        return dict(self.definition.options).get(self.format.name) if self.definition else None


def suffix_of(name: str) -> str:
    """Give what a file's name ends in, in lower case and without that of a compression: `tsv` of `A.TSV.gz`."""
    lowered = name.lower()
    for suffix in _COMPRESSED_SUFFIXES:
        lowered = lowered.removesuffix(suffix)
    return lowered.rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class Magic:
    """How files of a format begin, and what such a file is called where another one was expected.

    `marked`: a text may begin in this way too, but none holds the control characters that such a file does.
    """

    start: bytes
    what: str
    marked: bool = False

    def fits(self, data: bytes) -> bool:
        """Tell whether these are the first bytes of such a file."""
        return data.startswith(self.start) and not (self.marked and _CONTROLS.isdisjoint(data))


#: Control characters that stand in no text.
_CONTROLS = frozenset(range(9)) | frozenset(range(14, 27))


@dataclass(frozen=True, slots=True)
class Together:
    """How small texts of one layout are parsed in one call.

    `is_plain` tells by a quick look whether a text can be; `rows` gives the rows of each text, None where one of
    them turns out not to be plain.
    """

    is_plain: Callable[[bytes, FileLayout, Limits], bool]
    rows: Callable[[Sequence[bytes], FileLayout], list[RowBatch] | None]


@dataclass(frozen=True, slots=True)
class Format:
    """A file format. Whatever else depends on the format is derived from this.

    It travels to Spark's tasks with the files that are of it, so its functions are those of modules.

    Args:
        names: what definitions call it.
        title: what messages call a file of it.
        cells: how its cells carry their types.
        layout: finds out how to read a file; raises UnreadableFileError. Of a format that has to open the whole file
            for that it gives a late layout, from the first bytes alone, and `read` gives a `LateReading`.
        splits: cuts a file of so many bytes into parts.
        read: opens one part.
        suffixes: of file names, without the dot. Of several formats with one suffix the first that begins as the file
            does is meant, or else the first.
        magic: how its files begin, whatever their names are.
        text_start: the first character of its texts, white space apart; files without a known suffix are told by it.
        late: its layouts are late.
        streamed: a compressed file is expanded while it is read. Of other formats it is held in memory.
        together: how small files are parsed in one call, where that is of use.
        survey: how the lines of one of several parts are counted without reading its records; None where the records
            have to be read for it.
        spark: how Spark's own readers read it, None where there is none.
    """

    names: FormatNames
    title: str
    cells: CellEncoding
    layout: Callable[[OpenFile], FileLayout]
    splits: Callable[[FileLayout, int, Limits], list[Split]]
    read: Callable[[ByteSource, FileLayout, Split, Limits], Reading]
    suffixes: tuple[str, ...] = ()
    magic: tuple[Magic, ...] = ()
    text_start: bytes = b""
    late: bool = False
    streamed: bool = False
    together: Together | None = None
    survey: Callable[[ByteSource, FileLayout, Split, Limits], SplitSurvey] | None = None
    spark: SparkReading | None = None

    @property
    def name(self) -> str:
        """The name in definitions and logs."""
        return self.names.name

    def __hash__(self) -> int:
        """Hash the name: files are grouped by what they are, and no two formats share one."""
        return hash(self.names.name)


class WholeReading:
    """A split whose place needs no proof: it is the file, or its row groups."""

    def __init__(self, batches: Callable[[], Iterator[RowBatch]], split: Split) -> None:
        """Ask `batches` for the rows when they are wanted."""
        self._batches = batches
        self.began, self.ended = split.start, split.end

    def batches(self) -> Iterator[RowBatch]:
        """Give the rows."""
        return self._batches()
