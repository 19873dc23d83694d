"""CSV text read with the csv module and nothing else: what every way of reading it has to give."""

from __future__ import annotations

import csv
import io
import sys

from dq.profiling.tally.offences import MOST_EXAMPLES
from tests.unit.formats.collected import Rows

_NUL = "\ue000"  # the csv module of Python 3.10 refuses NUL


def read_naively(text: bytes, width: int, delimiter: str = ",", quote: str = '"') -> Rows:
    """Read the records below a header of `width` names."""
    lines = text.splitlines(keepends=True)
    blank = b" \t\r\n".replace(delimiter.encode(), b"")
    found = Rows(lines=len(lines))
    records = _records(text, delimiter, quote)
    open_end = _records(text + b"\nx", delimiter, quote)[-1][1] != ["x"]
    before = 0
    for number, (after, cells) in enumerate(records, 1):
        raw = b"".join(lines[before:after])
        line, before = before + 1, after
        if not raw.strip(blank):
            continue
        row = None if open_end and number == len(records) else _decoded(cells)
        if row is None or len(row) != width:
            found.count += 1
            found.malformed.append((line, raw.rstrip(b"\r\n").decode("utf-8", "replace")))
        else:
            found.rows.append((line, row))
    del found.malformed[MOST_EXAMPLES:]
    return found


def _records(text: bytes, delimiter: str, quote: str) -> list[tuple[int, list[str]]]:
    """Split the text, a character for each byte, so that invalid UTF-8 stays in its row."""
    csv.field_size_limit(sys.maxsize)
    characters = io.StringIO(text.decode("latin-1").replace("\0", _NUL), newline="")
    reader = csv.reader(characters, delimiter=delimiter, quotechar=quote)
    return [(reader.line_num, cells) for cells in reader]


def _decoded(cells: list[str]) -> list[str] | None:
    try:
        return [cell.replace(_NUL, "\0").encode("latin-1").decode() for cell in cells]
    except UnicodeDecodeError:
        return None
