"""The lines in which the rows of a clean block of CSV text begin."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dq.formats.quotes import Positions, all_record_ends, line_breaks
from dq.schema.definition import CsvDialect

_LINE_ENDS = np.frombuffer(b"\r\n", np.uint8)


class CsvLines:
    """Finds lines only when somebody asks: most blocks have no row worth an example.

    `skipped` are the numbers of the records, not counting empty lines, that gave no row.
    """

    def __init__(self, text: bytes, dialect: CsvDialect, skipped: Sequence[int]) -> None:
        """Look at nothing yet."""
        self._text = text
        self._dialect = dialect
        self._skipped = skipped
        self._records: Positions | None = None
        self._rows: Positions | None = None

    def __call__(self, rows: npt.NDArray[np.int64]) -> list[int]:
        """Give the 1-based line of each row."""
        if self._rows is None:
            self._rows = np.delete(self._lines(), np.asarray(self._skipped, np.int64))
        lines: list[int] = self._rows[rows].tolist()
        return lines

    def of_record(self, record: int) -> int:
        """Give the line of a record, not counting empty lines."""
        return int(self._lines()[record])

    def _lines(self) -> Positions:
        """Give the first line of every record that is not an empty line."""
        if self._records is None:
            array = np.frombuffer(self._text, np.uint8)
            ends = all_record_ends(self._text, self._dialect)
            starts = np.concatenate(([0], ends[:-1]))
            # A record that begins with the break that ends it is an empty line.
            filled = starts[starts < len(array)]
            filled = filled[~np.isin(array[filled], _LINE_ENDS)]
            self._records = np.searchsorted(line_breaks(self._text), filled) + 1
        return self._records
