"""Workbooks to row batches through calamine: xlsx, xls, xlsb and ods; formulas give their cached values.

A workbook is opened once, in a process of its own: where its first bytes are looked at, only its size is.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pyarrow as pa

from dq.errors import UnreadableFileError
from dq.formats.byte_source import ByteSource
from dq.formats.excel import refused
from dq.formats.excel.worker import Frame, broken, frames_of, too_large
from dq.formats.format import OpenFile
from dq.formats.layout import FileLayout, NoHeaderError
from dq.formats.limits import Limits
from dq.formats.splits import Split
from dq.profiling.cells.sheet_cells import suggested_type
from dq.profiling.cells.values import JSON_TOKENS
from dq.profiling.tally.row_batch import RowBatch
from dq.schema.column_names import column_names

PASSWORD = "the workbook is protected by a password; send it without"  # noqa: S105 - a sentence

#: The Arrow types of columns whose cells come as they lie in memory, and of those that come as texts.
_NUMBERS = {"float": pa.float64(), "int": pa.int64(), "duration": pa.duration("us"), "time": pa.time64("us")}
_TEXTS = {"text": pa.string(), "json": pa.string()}
_FROM_TEXTS = {"date": pa.date32(), "datetime": pa.timestamp("us")}


def excel_layout(opened: OpenFile) -> FileLayout:
    """Say which sheet is to be read: what its columns are shows where it is."""
    sheet = opened.definition.sheet if opened.definition else None
    return FileLayout(opened.format, first_line=1, sheet=sheet, late=True)


class WorkbookReading:
    """The sheet of a workbook being read: its header, then its rows."""

    def __init__(self, source: ByteSource, layout: FileLayout, split: Split, limits: Limits) -> None:
        """Read nothing yet."""
        self._layout = layout
        self._limits = limits
        self._first: RowBatch | None = None
        self._frames = self._of_a_workbook(source)
        self.began, self.ended = split.start, split.end

    def layout(self) -> FileLayout:
        """Read the header; raises UnreadableFileError and NoHeaderError. Notes are known behind the last batch."""
        if self._layout.late:
            head = next(self._frames).head
            header = tuple(head["header"])
            self._layout = replace(self._layout, header=header, first_line=head["line"], late=False)
            self._layout = replace(self._layout, origin=head["origin"])
            self._first = self._next_batch()
            if self._first is not None:
                kinds = map(suggested_type, self._first.columns)
                self._layout = replace(self._layout, inferred=dict(zip(column_names(header), kinds, strict=True)))
        return self._layout

    def batches(self) -> Iterator[RowBatch]:
        """Give the rows."""
        self.layout()
        with closing(self._frames):
            batch, self._first = self._first, None
            while batch is not None:
                yield batch
                batch = self._next_batch()

    def _next_batch(self) -> RowBatch | None:
        """Give the next rows, None behind the last ones; there the notes are."""
        for frame in self._frames:
            if "notes" not in frame.head:
                return _batch(frame)
            head = frame.head
            notes, hints = tuple(head["notes"]), tuple(head["hints"])
            self._layout = replace(self._layout, notes=notes, hints=hints, unresolved=head["unresolved"])
        return None

    def _of_a_workbook(self, source: ByteSource) -> Generator[Frame]:
        """Give the header and the pieces; when this is closed, the process is ended that reads them."""
        limits = self._limits
        _refuse_large(source, limits)
        refusal = None
        with closing(frames_of(source, self._layout.sheet, limits)) as frames:
            for frame in frames:
                if "error" in frame.head:
                    refusal = _refusal(frame.head["error"], frame.head["text"], limits)
                else:
                    yield frame
        if refusal is not None:
            raise refusal


def read_workbook(source: ByteSource, layout: FileLayout, split: Split, limits: Limits) -> WorkbookReading:
    """Open a workbook for reading."""
    return WorkbookReading(source, layout, split, limits)


def read_cell(source: ByteSource, sheet: str | None, place: tuple[int, int], limits: Limits) -> str | None:
    """Read one cell, by its row and column counted from 1, of the named sheet or the first visible one.

    Raises:
        UnreadableFileError: there is no such sheet, or the workbook cannot be read.
    """
    _refuse_large(source, limits)
    said: str | None = None
    refusal = None
    with closing(frames_of(source, sheet, limits, place)) as frames:
        for frame in frames:
            if "error" in frame.head:
                refusal = _refusal(frame.head["error"], frame.head["text"], limits)
            else:
                said = frame.head["cell"]
    if refusal is not None:
        raise refusal
    return said


def _refuse_large(source: ByteSource, limits: Limits) -> None:
    if source.size > limits.whole:
        message = f"the workbook has {source.size:,} bytes, the most that is held in memory is {limits.whole:,}"
        raise UnreadableFileError(message)


def _refusal(why: str, text: str, limits: Limits) -> UnreadableFileError:
    match why:
        case refused.PASSWORD:
            return UnreadableFileError(PASSWORD)
        case refused.MEMORY:
            return UnreadableFileError(too_large(limits.memory))
        case refused.NO_HEADER:
            return NoHeaderError(text)
        case refused.BROKEN:
            return UnreadableFileError(broken(text))
    return UnreadableFileError(text)


def _batch(frame: Frame) -> RowBatch:
    head = frame.head
    rows = head["rows"]
    edges = np.cumsum([0, *head["sizes"]]).tolist()
    buffers = iter([frame.body[start:end] for start, end in pairwise(edges)])
    numbers = np.frombuffer(next(buffers), np.int64)
    return RowBatch(
        columns=[_column(kind, rows, buffers) for kind in head["columns"]],
        rows=rows,
        lines=head["lines"],
        line_numbers=lambda wanted: numbers[wanted].tolist(),
    )


def _column(kind: str, rows: int, buffers: Iterator[memoryview]) -> pa.Array:
    """Make a column of the buffers that are its own: see `dq.formats.excel.child`."""
    if kind == "null":
        return pa.nulls(rows, pa.string())
    there = _bits(next(buffers))
    if kind in _NUMBERS:
        return pa.Array.from_buffers(_NUMBERS[kind], rows, [there, pa.py_buffer(next(buffers))])
    if kind == "bool":
        return pa.Array.from_buffers(pa.bool_(), rows, [there, _bits(next(buffers))])
    ends, text = (pa.py_buffer(next(buffers)) for _ in range(2))
    texts = pa.Array.from_buffers(pa.string(), rows, [there, ends, text])
    if kind == "json":
        return pa.StructArray.from_arrays([texts], fields=list(JSON_TOKENS))
    return texts.cast(_FROM_TEXTS[kind]) if kind in _FROM_TEXTS else texts


def _bits(flags: memoryview) -> pa.Buffer | None:
    """Pack a byte a cell into a bit a cell; None where there are none."""
    return pa.py_buffer(np.packbits(np.frombuffer(flags, np.uint8), bitorder="little")) if len(flags) else None
