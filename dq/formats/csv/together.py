"""Small CSV texts of one layout, parsed in one call.

Arrow reads a text on a thread of its own, so each call waits for one: for some ten kilobytes as long as the parsing
takes, and longer where all cores are busy. So the texts of several files are laid end to end. That is done for texts
only whose rows are their lines; all others are parsed for themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pyarrow as pa

from dq.formats.csv.lines import CsvLines
from dq.formats.csv.rows import is_utf8_text, read_columns
from dq.formats.format import Together
from dq.formats.layout import FileLayout
from dq.formats.limits import Limits
from dq.formats.lines.encodings import is_utf8
from dq.profiling.tally.row_batch import RowBatch
from dq.schema.definition import CsvDialect

_EMPTY_LINE = (b"\n\n", b"\n\r\n")


def is_plain(text: bytes, width: int, dialect: CsvDialect) -> bool:
    """Tell whether each line of a text is a row, as far as a quick look tells: UTF-8, no quotes, no empty last line.

    A last line without an end is read in a batch of its own, and sums of two batches are rounded otherwise.
    """
    if width == 1 or dialect.quote.encode() in text or not text.endswith(b"\n") or text.endswith(_EMPTY_LINE):
        return False
    if b"\r" in text and text.count(b"\r") != text.count(b"\r\n"):
        return False
    return text.isascii() or is_utf8_text(text)


def rows_together(texts: Sequence[bytes], width: int, dialect: CsvDialect) -> list[RowBatch] | None:
    """Give the rows of each of these plain texts; None where one of them has a line that is no row."""
    columns, skipped = read_columns(b"".join(texts), width, dialect)
    edges = np.cumsum([0, *(text.count(b"\n") for text in texts)]).tolist()
    if skipped or len(columns[0]) != edges[-1]:
        return None
    return [
        RowBatch(
            columns=[column.slice(start, end - start) for column in columns],
            rows=end - start,
            lines=end - start,
            line_numbers=CsvLines(text, dialect, []),
        )
        for text, (start, end) in zip(texts, pairwise(edges), strict=True)
    ]


def _is_plain(text: bytes, layout: FileLayout, limits: Limits) -> bool:
    if layout.compression is not None or not is_utf8(layout.dialect.encoding):
        return False
    return len(text) <= min(limits.line, limits.block) and is_plain(text, len(layout.header), layout.dialect)


def _rows(texts: Sequence[bytes], layout: FileLayout) -> list[RowBatch] | None:
    try:
        return rows_together(texts, len(layout.header), layout.dialect)
    except pa.ArrowInvalid:
        return None


TOGETHER = Together(_is_plain, _rows)
