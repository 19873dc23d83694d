"""Quotes in CSV text: where records end when line breaks may be quoted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

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
    """Find the record ends by the parity of the quotes before each line feed."""
    array = np.frombuffer(text, np.uint8)
    quotes = np.flatnonzero(array == ord(dialect.quote))
    feeds = np.flatnonzero(array == _LF)
    before = np.searchsorted(quotes, feeds)
    return RecordEnds(
        ends=feeds[before % 2 == 0] + 1,
        regular=_regular(array, quotes, ord(dialect.delimiter), ord(dialect.quote)),
        open=len(quotes) % 2 == 1,
    )


def _regular(array: npt.NDArray[np.uint8], quotes: Positions, delimiter: int, quote: int) -> bool:
    """Tell whether openings follow, and closings precede, a separator or another quote."""
    edge = np.zeros(256, np.bool_)
    edge[[_LF, _CR, delimiter, quote]] = True
    opening, closing = quotes[0::2], quotes[1::2]
    before = array[opening[opening > 0] - 1]
    after = array[closing[closing < len(array) - 1] + 1]
    return bool(edge[before].all() and edge[after].all())
