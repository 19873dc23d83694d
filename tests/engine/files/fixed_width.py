"""A format from outside: rows of cells of fixed widths, the first of which is the header.

A test installs this file as a package of its own; nothing of the house knows it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from dq.errors import UnreadableFileError
from dq.formats.byte_source import ByteSource
from dq.formats.format import Format, Magic, OpenFile, WholeReading
from dq.formats.layout import FileLayout
from dq.formats.limits import Limits
from dq.formats.splits import Split, one_split
from dq.profiling.tally.recipe import CellEncoding
from dq.profiling.tally.row_batch import MalformedRow, RowBatch
from dq.schema.format_names import FormatNames


def read_options(raw: Any) -> tuple[int, ...]:  # noqa: ANN401 - any JSON value
    """Read `{"widths": [3, 5]}`."""
    widths = raw.get("widths") if isinstance(raw, dict) else None
    if not isinstance(widths, list) or not all(isinstance(width, int) and width > 0 for width in widths):
        raise ValueError(f"widths are {widths!r}; expected a list of whole numbers above 0 such as [3, 5]")
    return tuple(widths)


def find_layout(opened: OpenFile) -> FileLayout:
    """Cut the header by the widths of the definition."""
    widths = opened.options()
    if not isinstance(widths, tuple):
        raise UnreadableFileError("a fixed-width file needs a definition that says how wide its columns are")
    header = opened.first.split(b"\n", 1)[0].decode()
    return FileLayout(
        opened.format,
        header=tuple(_cells(header, widths)),
        first_row=len(header) + 1,
        first_line=1,
        options=widths,
    )


def read(source: ByteSource, layout: FileLayout, split: Split, limits: Limits) -> WholeReading:
    """Read the whole file in one batch: those of a test are small."""
    del limits
    return WholeReading(lambda: _batches(source.read(split.start, split.end), layout), split)


def _batches(text: bytes, layout: FileLayout) -> Iterator[RowBatch]:
    widths = layout.options
    assert isinstance(widths, tuple)
    lines = text.decode().splitlines()
    good = [at for at, line in enumerate(lines) if len(line) == sum(widths)]
    rows = [_cells(lines[at], widths) for at in good]
    bad = sorted(set(range(len(lines))) - set(good))
    numbers = np.array(good, np.int64) + 1
    yield RowBatch(
        columns=[pa.array([row[at] for row in rows], pa.string()) for at in range(len(widths))],
        rows=len(rows),
        malformed=len(bad),
        malformed_rows=[MalformedRow(at + 1, lines[at]) for at in bad],
        lines=len(lines),
        line_numbers=lambda wanted: numbers[wanted].tolist(),
    )


def _cells(line: str, widths: tuple[int, ...]) -> list[str]:
    edges = np.cumsum([0, *widths]).tolist()
    return [line[start:end].strip() for start, end in pairwise(edges)]


FIXED_WIDTH = Format(
    FormatNames("fixedwidth", spellings=("fixed_width",), options=read_options),
    title="a fixed-width file",
    cells=CellEncoding.TEXT,
    layout=find_layout,
    splits=one_split,
    read=read,
    suffixes=("fwf",),
    magic=(Magic(b"#FWF", "a fixed-width file"),),
)
