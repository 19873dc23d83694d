"""How Spark's own readers read files of a format, as data: the reference lane makes DataFrames of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from dq.formats.byte_source import ByteSource
from dq.formats.layout import FileLayout
from dq.formats.limits import Limits
from dq.formats.splits import Split
from dq.profiling.tally.row_batch import RowBatch

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class SparkSource:
    """What Spark is asked for; files for which it is equal are read by one DataFrame.

    `reader` is the name of Spark's reader. `columns` are names and Spark's types of them, in the spelling of its
    JSON schemas; without any, the reader says which there are. `cut`: Spark cuts a file into parts.
    """

    reader: str
    columns: tuple[tuple[str, str], ...] = ()
    options: tuple[tuple[str, str], ...] = ()
    cut: bool = True


class AnyProbe(Protocol):
    """What a look at the bytes of one part of a file found; what the next part holds is added with `+`."""

    def __add__(self, other: Any) -> Any:  # noqa: ANN401 - a probe of the same kind
        """Put the part behind this one to it."""

    def unfaithful(self, layout: FileLayout, limits: Limits) -> str | None:
        """Say why Spark's reader would not give the file as it stands, None when it would."""


#: Looks at one part of a file.
Probing: TypeAlias = "Callable[[ByteSource, FileLayout, Split, Limits], AnyProbe]"


@dataclass(frozen=True, slots=True)
class SparkReading:
    """How Spark's own reader reads a format.

    Args:
        refuse: says why Spark cannot read a file of this layout and of so many bytes, None when it can.
        source: what Spark is asked for.
        rows: turns a batch of Spark's rows of one file into rows.
        longest: bounds the bytes of the longest row of a file of so many bytes; None: not known.
        probe: looks at a file before it is read, where Spark's reader does not give every file as it stands.
        bytes_of: counts the bytes in the file of a batch of Spark's rows, where Spark may skip some of them.
        knows_lines: rows are numbered by their lines; otherwise their order is all that is known.
    """

    refuse: Callable[[FileLayout, int], str | None]
    source: Callable[[FileLayout, AnyProbe | None, Limits], SparkSource]
    rows: Callable[[pa.RecordBatch, FileLayout, Limits], Iterator[RowBatch]]
    longest: Callable[[int, AnyProbe | None], int | None]
    probe: Probing | None = None
    bytes_of: Callable[[pa.RecordBatch], int] | None = None
    knows_lines: bool = True


def length_unknown(_size: int, _probe: AnyProbe | None) -> int | None:
    """Leave the bound on the bytes of a batch to Spark."""
    return None
