"""Files read to the end, as plain Python rows with their lines: what tests compare."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from dq.engine.file_results import Span, realigned
from dq.formats.byte_source import BytesSource
from dq.formats.format import LateReading
from dq.formats.limits import Limits
from dq.formats.reading import find_layout, plan_parts, read_part
from dq.formats.splits import Split
from dq.profiling.cells.values import JSON_TOKENS
from dq.profiling.tally.offences import MOST_EXAMPLES

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow as pa

    from dq.formats.layout import FileLayout
    from dq.profiling.tally.row_batch import RowBatch
    from dq.schema.definition import SchemaDefinition


@dataclass
class Rows:
    """Rows with the line each begins in; the first malformed rows with line and text, their count; all lines."""

    rows: list[tuple[int, list[Any]]] = field(default_factory=list)
    malformed: list[tuple[int, str]] = field(default_factory=list)
    count: int = 0
    lines: int = 0

    @property
    def values(self) -> list[list[Any]]:
        return [row for _, row in self.rows]

    def __add__(self, other: Rows) -> Rows:
        """Put the rows of the next part behind these."""
        return Rows(
            self.rows + [(line + self.lines, row) for line, row in other.rows],
            (self.malformed + [(line + self.lines, text) for line, text in other.malformed])[:MOST_EXAMPLES],
            self.count + other.count,
            self.lines + other.lines,
        )


def collected(batches: Iterable[RowBatch]) -> Rows:
    """Read batches to their end."""
    found = Rows()
    for batch in batches:
        assert all(len(column) == batch.rows for column in batch.columns)
        assert len(batch.malformed_rows) == min(batch.malformed, MOST_EXAMPLES)
        numbers = batch.line_numbers(np.arange(batch.rows))
        columns = [_values(column) for column in batch.columns]
        rows = [(line, [column[at] for column in columns]) for at, line in enumerate(numbers)]
        malformed = [(row.line, row.text) for row in batch.malformed_rows]
        found += Rows(rows, malformed, batch.malformed, batch.lines)
    return found


def _values(column: pa.Array) -> list[Any]:
    """Give plain values, also of a column that holds a JSON token in each cell."""
    if column.type == JSON_TOKENS:
        tokens = column.field(0).to_pylist()
        return [None if token is None else json.loads(token) for token in tokens]
    return list(column.to_pylist())


@dataclass
class WholeFile:
    """A file read in parts: its layout, its rows below the header, and how often it was read."""

    layout: FileLayout
    rows: Rows
    parts: int
    rounds: int


def read_file(
    data: bytes,
    name: str = "file",
    definition: SchemaDefinition | None = None,
    limits: Limits | None = None,
) -> WholeFile:
    """Read a file as the engine does: all parts, again from corrected starts where guesses were wrong."""
    limits = limits or Limits()
    source = BytesSource(data)
    layout = find_layout(source, name, definition, limits)
    splits = tuple(plan_parts(layout, len(data), limits))
    for rounds in range(1, 5):
        readings = [read_part(source, layout, split, limits) for split in splits]
        parts = [collected(reading.batches()) for reading in readings]
        if layout.late and isinstance(readings[0], LateReading):
            layout = readings[0].layout()
        spans = [Span(at, reading.began, reading.ended) for at, reading in enumerate(readings)]
        corrected = realigned(splits, spans)
        if corrected is None:
            return WholeFile(layout, sum(parts, Rows()), len(splits), rounds)
        splits = corrected if rounds < 3 else (Split(0, layout.first_row, len(data), sure=True),)
    raise AssertionError("the parts of the file do not fit together")
