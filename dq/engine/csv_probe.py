"""What Spark's CSV reader would not give as it stands in a file: found by one cheap look at the bytes.

Spark's reader, line by line, keeps half a row of a quoted line break as valid when the number of
fields happens to fit, and reads quotes that RFC 4180 does not know in its own way. So the quotes
are looked at first. Whether a part of a file begins inside a quoted cell is known only once the
parts before it were looked at: each is looked at for both cases.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dq.engine.object_store import ObjectStore
from dq.engine.parts import FileTask, fault
from dq.engine.source_file import StoredSource
from dq.engine.spark_executor import packed
from dq.errors import PipelineError
from dq.formats.limits import Limits
from dq.formats.splits import Split
from dq.formats.streams import text_pieces
from dq.schema.definition import CsvDialect

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_LF, _CR, _SPACE = 10, 13, 32


#: Bytes within which a line is expected to end; closer looks at the lengths of lines cost more time.
_NEAR = 4096
#: Bytes that are looked at at once.
_WINDOW = 256 * 1024


@dataclass(frozen=True, slots=True)
class Distances:
    """How far apart the line feeds of a text lie, in bytes: before the first, behind the last, between two at most.

    `most` may say `_NEAR` where it is less. Without a line feed all three are the text's length.
    """

    first: int = 0
    last: int = 0
    most: int = 0
    feeds: bool = False

    def __add__(self, other: Distances) -> Distances:
        """Put the text behind this one to it."""
        return Distances(
            self.first if self.feeds else self.first + other.first,
            other.last if other.feeds else self.last + other.last,
            max(self.most, other.most, self.last + other.first),
            self.feeds or other.feeds,
        )


@dataclass(frozen=True, slots=True)
class Look:
    """What one part of a CSV file holds.

    `regular` and `breaks` are pairs: for a part that begins outside of a quoted cell, and for one
    that begins inside. `regular`: every quote opens, closes or escapes as RFC 4180 wants it.
    `breaks`: line breaks stand inside quotes. `returns`: there are carriage returns. `controls`:
    there are control characters other than tabs and line breaks. `lines`: how long lines are.
    """

    quotes: int = 0
    regular: tuple[bool, bool] = (True, True)
    breaks: tuple[bool, bool] = (False, False)
    returns: bool = False
    controls: bool = False
    lines: Distances = Distances()

    def __add__(self, other: Look) -> Look:
        """Put the part behind this one to it."""
        inside = self.quotes % 2
        return Look(
            self.quotes + other.quotes,
            (self.regular[0] and other.regular[inside], self.regular[1] and other.regular[1 - inside]),
            (self.breaks[0] or other.breaks[inside], self.breaks[1] or other.breaks[1 - inside]),
            self.returns or other.returns,
            self.controls or other.controls,
            self.lines + other.lines,
        )

    @property
    def quoted_breaks(self) -> bool:
        """Line breaks are quoted, in the file as a whole."""
        return self.breaks[0]

    @property
    def longest_line(self) -> int:
        """Bytes of the longest line at most."""
        return max(self.lines.first, self.lines.most, self.lines.last) + 1

    def unfaithful(self, task: FileTask) -> str | None:
        """Say why Spark's reader would not give the file as it stands, None when it would."""
        if not self.regular[0] or self.quotes % 2:
            return "its quotes are not those of RFC 4180"
        if self.quoted_breaks and self.returns:
            return "Spark would rewrite the line breaks inside its quotes"
        if self.quoted_breaks and len(task.layout.header) == 1:
            return "Spark would take blank lines for rows"
        if self.controls:
            return "Spark would take lines of control characters for blank ones"
        return None


def probe_files(
    spark: SparkSession, tasks: Sequence[FileTask], store: ObjectStore, limits: Limits
) -> dict[int, Look | PipelineError]:
    """Look at CSV files: in one Spark job, and without any at those that are at hand."""
    small = [task for task in tasks if task.first]
    large = [task for task in tasks if not task.first]
    found = {task.id: [_look_at(store, task, split, limits) for split in task.splits] for task in small}
    if large:
        bundles = packed(large, limits, spark.sparkContext.defaultParallelism)

        def look(some: Iterable[list[tuple[FileTask, Split]]]) -> Iterator[tuple[int, int, Look | PipelineError]]:
            for bundle in some:
                for task, split in bundle:
                    yield task.id, split.number, _look_at(store, task, split, limits)

        looks = spark.sparkContext.parallelize(bundles, len(bundles)).mapPartitions(look).collect()
        for number, _, one in sorted(looks, key=lambda seen: seen[:2]):
            found.setdefault(number, []).append(one)
    return {number: _together(looks) for number, looks in found.items()}


def _together(looks: Sequence[Look | PipelineError]) -> Look | PipelineError:
    error = next((look for look in looks if isinstance(look, PipelineError)), None)
    return error or sum((look for look in looks if isinstance(look, Look)), Look())


def _look_at(store: ObjectStore, task: FileTask, split: Split, limits: Limits) -> Look | PipelineError:
    """Look at one part of a file; of the first one at its header too."""
    source = StoredSource(store, task.head, task.first)
    dialect = task.layout.dialect
    try:
        if not task.layout.splittable:
            return _look_through(text_pieces(source, task.layout, limits), dialect)
        start = split.start if split.number else 0
        end = min(split.end + 1, source.size)
        before = source.read(start - 1, 1) if start else b""
        pieces = (source.read(at, min(limits.block, end - at)) for at in range(start, end, limits.block))
        return _look_through(pieces, dialect, before=before, behind=end - split.end)
    except PipelineError as error:
        return error
    except Exception as error:  # noqa: BLE001 - a fault in a library must not take the neighbours down
        return fault(task.head.uri, error)


def _look_through(pieces: Iterable[bytes], dialect: CsvDialect, *, before: bytes = b"", behind: int = 0) -> Look:
    """Look at consecutive pieces; the last `behind` bytes (0 or 1) only say what follows, as `before` what precedes."""
    look = Look()
    held = b""
    for piece in _windows(pieces):
        if held:
            look += look_at(held, dialect, before, piece[:1])
            before = held[-1:]
        held = piece
    text = held[: len(held) - behind]
    return look + look_at(text, dialect, before, held[len(text) :]) if text else look


def _windows(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Cut pieces so small that what is derived from one stays in the processor's cache: half the time."""
    for piece in pieces:
        for at in range(0, len(piece), _WINDOW):
            yield piece[at : at + _WINDOW]


def look_at(text: bytes, dialect: CsvDialect, before: bytes = b"", after: bytes = b"") -> Look:
    """Look at one piece of text between the bytes `before` and `after`, both empty at the ends of the file."""
    array = np.frombuffer(text, np.uint8)
    lines = _distances(text)
    feeds = int(np.count_nonzero(array == _LF))
    other = int(np.count_nonzero(array < _SPACE)) - feeds
    returns = text.count(b"\r") if other else 0
    controls = other > returns and other > returns + text.count(b"\t")
    if dialect.quote.encode() not in text:
        return Look(breaks=(False, bool(feeds or returns)), returns=returns > 0, controls=controls, lines=lines)
    quotes = np.flatnonzero(array == ord(dialect.quote))
    around = np.frombuffer((before or b"\n") + text + (after or b"\n"), np.uint8)
    edge = np.zeros(256, np.bool_)
    edge[[_LF, _CR, ord(dialect.delimiter), ord(dialect.quote)]] = True
    opens, closes = edge[around[quotes]], edge[around[quotes + 2]]
    regular = [bool(opens[first::2].all() and closes[1 - first :: 2].all()) for first in (0, 1)]
    ends = np.flatnonzero((array == _LF) | (array == _CR))
    inside = np.searchsorted(quotes, ends) % 2
    breaks = [bool((inside != begins_inside).any()) for begins_inside in (0, 1)]
    return Look(len(quotes), (regular[0], regular[1]), (breaks[0], breaks[1]), returns > 0, controls, lines)


def _distances(text: bytes) -> Distances:
    """Hop from line feed to line feed, over all those that lie near."""
    first, last = text.find(b"\n"), text.rfind(b"\n")
    if first < 0:
        return Distances(len(text), len(text), len(text))
    most = min(_NEAR, last - first)
    at = first
    while last - at > _NEAR:
        near = text.rfind(b"\n", at + 1, at + 1 + _NEAR)
        if near < 0:
            near = text.find(b"\n", at + 1)
            most = max(most, near - at)
        at = near
    return Distances(first, len(text) - last - 1, most, feeds=True)
