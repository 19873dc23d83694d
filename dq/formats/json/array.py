"""JSON arrays: a file that is one array of objects. Lines count its elements."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from dq.formats.byte_source import ByteSource, chunks
from dq.formats.compression import expanded
from dq.formats.format import OpenFile, WholeReading
from dq.formats.json.elements import ArrayElements, elements_of
from dq.formats.json.layout import LOOKED_AT, columns_of, suggested_types
from dq.formats.json.rows import json_batch
from dq.formats.json.values import parse_object
from dq.formats.layout import FileLayout
from dq.formats.limits import Limits
from dq.formats.lines.text_check import refuse_binary
from dq.formats.splits import Split
from dq.profiling.tally.row_batch import RowBatch

_BATCH = 50_000


def json_array_batches(
    pieces: Iterable[bytes], names: Sequence[str], limits: Limits | None = None
) -> Iterator[RowBatch]:
    """Read the elements of the array that `pieces` make up; one that is no object is a malformed row.

    Raises UnreadableFileError when the text as a whole is no JSON array.
    """
    limits = limits or Limits()
    for elements in elements_of(pieces, limits):
        for start in range(0, len(elements), _BATCH):
            yield json_batch(elements[start : start + _BATCH], names, limits, blank_is_row=True)


def array_layout(opened: OpenFile) -> FileLayout:
    """Find the columns in the first elements."""
    refuse_binary(opened.first, opened.format.title)
    parsed = map(parse_object, ArrayElements(opened.limits).feed(opened.first)[:LOOKED_AT])
    records = [record for record in parsed if record is not None]
    declared = opened.declared_names()
    names = columns_of(records, declared)
    return FileLayout(
        opened.format,
        header=names,
        compression=opened.compression,
        inferred=suggested_types(records, names[len(declared) :]),
    )


def read_array(source: ByteSource, layout: FileLayout, split: Split, limits: Limits) -> WholeReading:
    """Read the whole file."""

    def batches() -> Iterator[RowBatch]:
        whole = layout.compression is None
        pieces = chunks(source, 0, limits.block) if whole else expanded(source, layout.compression or "", limits)
        return json_array_batches(pieces, layout.header, limits)

    return WholeReading(batches, split)
