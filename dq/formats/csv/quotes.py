"""Quotes and line breaks in CSV text: where lines and records end, found without parsing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dq.formats.lines.line_format import count_feeds
from dq.schema.definition import CsvDialect

_LF, _CR = 10, 13
Positions = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class RecordEnds:
    """The record ends of a text that begins at a record.

    `ends` are offsets just behind each record's line feed. `regular` says that every quote opens,
    closes or escapes as RFC 4180 wants it, so that counting quotes is enough; when it does not hold
    the ends are not to be trusted. `open` says that the text ends inside a quoted cell.
    """

    ends: Positions
    regular: bool
    open: bool


def record_ends(text: bytes, dialect: CsvDialect) -> RecordEnds:
    """Find the record ends by the parity of the quotes before each line feed.

    A carriage return alone ends a record too, but is looked at only where no line feed does.
    """
    array = np.frombuffer(text, np.uint8)
    quotes = _quotes(array, dialect)
    ends = _unquoted(np.flatnonzero(array == _LF), quotes) + 1
    if not len(ends) and b"\r" in text:
        ends = _unquoted(line_breaks(text[:-1]), quotes) + 1  # the last one may be half of CR LF
    regular = _regular(array, quotes, ord(dialect.delimiter), ord(dialect.quote))
    return RecordEnds(ends, regular, len(quotes) % 2 == 1)


def all_record_ends(text: bytes, dialect: CsvDialect) -> Positions:
    """Find the ends of all records of a complete, regular text, whatever ends their lines."""
    quotes = _quotes(np.frombuffer(text, np.uint8), dialect)
    ends = _unquoted(line_breaks(text), quotes) + 1
    return ends if len(ends) and ends[-1] == len(text) else np.append(ends, len(text))


def line_breaks(text: bytes) -> Positions:
    """Give the offset of the last byte of every line break: LF, CR LF, or CR alone."""
    array = np.frombuffer(text, np.uint8)
    feeds = np.flatnonzero(array == _LF)
    if b"\r" not in text:
        return feeds
    returns = np.flatnonzero(array == _CR)
    inner = returns[returns < len(array) - 1]
    alone = np.concatenate((inner[array[inner + 1] != _LF], returns[len(inner) :]))
    return np.sort(np.concatenate((feeds, alone)))


def count_lines(text: bytes) -> int:
    """Count the physical lines of a text that begins at one; what is behind the last break counts as a line."""
    return count_line_breaks(text) + bool(text and not text.endswith((b"\n", b"\r")))


def count_line_breaks(text: bytes, following: bytes = b"") -> int:
    """Count the line breaks of a text, told the byte that follows it: CR LF counts where its LF is."""
    count = count_feeds(text)
    if b"\r" in text:
        count += text.count(b"\r") - text.count(b"\r\n")
        count -= text.endswith(b"\r") and following == b"\n"
    return count


def _quotes(array: npt.NDArray[np.uint8], dialect: CsvDialect) -> Positions:
    return np.flatnonzero(array == ord(dialect.quote))


def _unquoted(breaks: Positions, quotes: Positions) -> Positions:
    """Keep the line breaks with an even number of quotes before them."""
    outside: Positions = breaks[np.searchsorted(quotes, breaks) % 2 == 0]
    return outside


def _regular(array: npt.NDArray[np.uint8], quotes: Positions, delimiter: int, quote: int) -> bool:
    """Tell whether openings follow, and closings precede, a separator or another quote."""
    edge = np.zeros(256, np.bool_)
    edge[[_LF, _CR, delimiter, quote]] = True
    opening, closing = quotes[0::2], quotes[1::2]
    before = array[opening[opening > 0] - 1]
    after = array[closing[closing < len(array) - 1] + 1]
    return bool(edge[before].all() and edge[after].all())
