"""The lines in which the rows of a clean block of CSV text begin."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dq.formats.csv.quotes import Positions, all_record_ends, line_breaks
from dq.schema.definition import CsvDialect

_LINE_ENDS = np.frombuffer(b"\r\n", np.uint8)


#: Bytes looked at first; most examples are among the first rows of a block.
_FIRST_LOOK = 64 * 1024


class CsvLines:
    """Finds lines only when somebody asks, and only as far as they ask: most rows of a block are no example.

    `skipped` are the numbers of the records, not counting empty lines, that gave no row.
    """

    def __init__(self, text: bytes, dialect: CsvDialect, skipped: Sequence[int]) -> None:
        """Look at nothing yet."""
        self._text = text
        self._dialect = dialect
        self._skipped = np.asarray(skipped, np.int64)
        self._looked = 0
        self._records: Positions = np.empty(0, np.int64)
        self._rows: Positions = self._records

    def __call__(self, rows: npt.NDArray[np.int64]) -> list[int]:
        """Give the 1-based line of each row."""
        last = rows.max(initial=-1)
        while len(self._rows) <= last and self._looked < len(self._text):
            self._look_further()
        lines: list[int] = self._rows[rows].tolist()
        return lines

    def of_record(self, record: int) -> int:
        """Give the line of a record, not counting empty lines."""
        while len(self._records) <= record and self._looked < len(self._text):
            self._look_further()
        return int(self._records[record])

    def _look_further(self) -> None:
        """Find the first line of every record that is not an empty line and begins in a larger part of the text."""
        self._looked = max(4 * self._looked, _FIRST_LOOK)
        text = self._text[: self._looked]
        array = np.frombuffer(text, np.uint8)
        ends = all_record_ends(text, self._dialect)
        starts = np.concatenate(([0], ends[:-1]))
        # A record that begins with the break that ends it is an empty line.
        filled = starts[starts < len(array)]
        filled = filled[~np.isin(array[filled], _LINE_ENDS)]
        self._records = np.searchsorted(line_breaks(text), filled) + 1
        self._rows = np.delete(self._records, self._skipped[self._skipped < len(self._records)])
