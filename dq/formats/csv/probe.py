"""What Spark's CSV reader would not give as it stands in a file: found by one cheap look at the bytes.

Spark's reader, line by line, keeps half a row of a quoted line break as valid when the number of
fields happens to fit, and reads quotes that RFC 4180 does not know in its own way. So the quotes
are looked at first. Whether a part of a file begins inside a quoted cell is known only once the
parts before it were looked at: each is looked at for both cases.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from dq.formats.byte_source import ByteSource
from dq.formats.csv.row_lengths import Distances, between, between_feeds, no_end
from dq.formats.layout import FileLayout
from dq.formats.limits import Limits
from dq.formats.lines.streams import text_pieces
from dq.formats.splits import Split
from dq.schema.definition import CsvDialect

_LF, _CR, _SPACE = 10, 13, 32

#: Bytes that are looked at at once.
_WINDOW = 256 * 1024


@dataclass(frozen=True, slots=True)
class Probe:
    """What one part of a CSV file holds.

    `regular`, `breaks` and `rows` are pairs: for a part that begins outside of a quoted cell, and for
    one that begins inside. `regular`: every quote opens, closes or escapes as RFC 4180 wants it.
    `breaks`: line breaks stand inside quotes. `rows`: how long rows are. `returns`: there are
    carriage returns. `controls`: there are control characters other than tabs and line breaks.
    """

    quotes: int = 0
    regular: tuple[bool, bool] = (True, True)
    breaks: tuple[bool, bool] = (False, False)
    returns: bool = False
    controls: bool = False
    rows: tuple[Distances, Distances] = (Distances(), Distances())

    def __add__(self, other: Probe) -> Probe:
        """Put the part behind this one to it."""
        inside = self.quotes % 2
        return Probe(
            self.quotes + other.quotes,
            (self.regular[0] and other.regular[inside], self.regular[1] and other.regular[1 - inside]),
            (self.breaks[0] or other.breaks[inside], self.breaks[1] or other.breaks[1 - inside]),
            self.returns or other.returns,
            self.controls or other.controls,
            (self.rows[0] + other.rows[inside], self.rows[1] + other.rows[1 - inside]),
        )

    @property
    def quoted_breaks(self) -> bool:
        """Line breaks are quoted, in the file as a whole."""
        return self.breaks[0]

    @property
    def longest_row(self) -> int:
        """Bytes of the longest row at most, with the line feed that ends it."""
        return self.rows[0].longest

    def unfaithful(self, layout: FileLayout, limits: Limits) -> str | None:
        """Say why Spark's reader would not give the file as it stands, None when it would."""
        if not self.regular[0] or self.quotes % 2:
            return "its quotes are not those of RFC 4180"
        if self.quoted_breaks and self.returns:
            return "Spark would rewrite the line breaks inside its quotes"
        if self.quoted_breaks and len(layout.header) == 1:
            return "Spark would take blank lines for rows"
        if self.controls:
            return "Spark would take lines of control characters for blank ones"
        if self.longest_row > limits.line:
            return "Spark would count rows that are longer than the limit"
        return None


def probe_part(source: ByteSource, layout: FileLayout, split: Split, limits: Limits) -> Probe:
    """Probe one part of a file; of the first one its header too."""
    dialect = layout.dialect
    if not layout.splittable:
        return _probe_pieces(text_pieces(source, layout, limits), dialect)
    start = split.start if split.number else 0
    end = min(split.end + 1, source.size)
    before = source.read(start - 1, 1) if start else b""
    pieces = (source.read(at, min(limits.block, end - at)) for at in range(start, end, limits.block))
    return _probe_pieces(pieces, dialect, before=before, behind=end - split.end)


def _probe_pieces(pieces: Iterable[bytes], dialect: CsvDialect, *, before: bytes = b"", behind: int = 0) -> Probe:
    """Probe consecutive pieces; the last `behind` bytes (0 or 1) only say what follows, as `before` what precedes."""
    probe = Probe()
    held = b""
    for piece in _windows(pieces):
        if held:
            probe += probe_text(held, dialect, before, piece[:1])
            before = held[-1:]
        held = piece
    text = held[: len(held) - behind]
    return probe + probe_text(text, dialect, before, held[len(text) :]) if text else probe


def _windows(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Cut pieces so small that what is derived from one stays in the processor's cache: half the time."""
    for piece in pieces:
        for at in range(0, len(piece), _WINDOW):
            yield piece[at : at + _WINDOW]


def probe_text(text: bytes, dialect: CsvDialect, before: bytes = b"", after: bytes = b"") -> Probe:
    """Probe at one piece of text between the bytes `before` and `after`, both empty at the ends of the file."""
    array = np.frombuffer(text, np.uint8)
    lines = between_feeds(text)
    feeds = int(np.count_nonzero(array == _LF))
    other = int(np.count_nonzero(array < _SPACE)) - feeds
    returns = text.count(b"\r") if other else 0
    controls = other > returns and other > returns + text.count(b"\t")
    if dialect.quote.encode() not in text:
        return Probe(
            breaks=(False, bool(feeds or returns)),
            rows=(lines, no_end(text)),
            returns=returns > 0,
            controls=controls,
        )
    quotes = np.flatnonzero(array == ord(dialect.quote))
    around = np.frombuffer((before or b"\n") + text + (after or b"\n"), np.uint8)
    edge = np.zeros(256, np.bool_)
    edge[[_LF, _CR, ord(dialect.delimiter), ord(dialect.quote)]] = True
    opens, closes = edge[around[quotes]], edge[around[quotes + 2]]
    regular = [bool(opens[first::2].all() and closes[1 - first :: 2].all()) for first in (0, 1)]
    ends = np.flatnonzero((array == _LF) | (array == _CR))
    inside = np.searchsorted(quotes, ends) % 2
    breaks = [bool((inside != begins_inside).any()) for begins_inside in (0, 1)]
    feed = array[ends] == _LF
    rows = [between(ends[feed & (inside == at)], text) if breaks[at] else lines for at in (0, 1)]
    return Probe(
        quotes=len(quotes),
        regular=(regular[0], regular[1]),
        breaks=(breaks[0], breaks[1]),
        rows=(rows[0], rows[1]),
        returns=returns > 0,
        controls=controls,
    )
