"""How much of a Parquet file is decoded at once: by the sizes its footer names, and by those of its dictionaries.

A column of few bytes may decode to any number of them: a dictionary holds a long text once, and a row names it in a
bit. So columns of hardly any bytes a value stay dictionaries until it is known how long the texts of each row are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dq.errors import UnreadableFileError
from dq.formats.limits import Limits

#: Rows decoded at once, and how many blocks of bytes.
_ROWS, _BLOCKS = 64 * 1024, 8
#: A text that takes fewer bytes than this is no text, but a number in a dictionary.
_LEAST_TEXT = 4
_DICTIONARIES = {"PLAIN_DICTIONARY", "RLE_DICTIONARY"}


@dataclass(frozen=True, slots=True)
class Read:
    """Row groups read one after the other: so many rows at once, these columns as dictionaries."""

    groups: tuple[int, ...]
    rows: int
    packed: tuple[str, ...]


def refuse_expansion(metadata: pq.FileMetaData, size: int, limits: Limits) -> None:
    """Refuse a file of `size` bytes whose footer says that it expands beyond the limits.

    The footer is believed. A page whose header says more than it holds costs addresses only, no memory; one that does
    hold more than the footer says is found by no figure in it, but only by parsing the headers of all pages.
    """
    groups = (metadata.row_group(at) for at in range(metadata.num_row_groups))
    expanded = sum(group.column(at).total_uncompressed_size for group in groups for at in range(group.num_columns))
    if expanded > limits.free_expansion and expanded > limits.expansion * size:
        message = (
            f"the Parquet data expands from {size:,} to {expanded:,} bytes, more than {limits.expansion} times its "
            "size; such a file is refused as a decompression bomb; send it less compressed, or in parts"
        )
        raise UnreadableFileError(message)


def plan_reads(metadata: pq.FileMetaData, groups: Sequence[int], limits: Limits) -> list[Read]:
    """Put neighbouring row groups together that are read in the same way."""
    reads: list[Read] = []
    for group in groups:
        read = _read(metadata, group, limits)
        if reads and reads[-1].packed == read.packed and (read.rows, reads[-1].rows) == (_ROWS, _ROWS):
            reads[-1] = Read((*reads[-1].groups, group), _ROWS, read.packed)
        else:
            reads.append(read)
    return reads


def _read(metadata: pq.FileMetaData, number: int, limits: Limits) -> Read:
    group = metadata.row_group(number)
    count = max(group.num_rows, 1)
    weight = 0.0  # bytes of a decoded row
    packed = []
    for at in range(group.num_columns):
        column, schema = group.column(at), metadata.schema.column(at)
        size, values = max(column.total_uncompressed_size, 0), max(column.num_values, 0)
        weight += max(size, values * max(schema.length, 1)) / count
        if schema.physical_type != "BYTE_ARRAY" or size >= _LEAST_TEXT * values:
            continue
        flat = schema.max_repetition_level == 0 and schema.max_definition_level <= 1
        if flat and not _DICTIONARIES.isdisjoint(column.encodings) and not _has_deltas(column.encodings):
            packed.append(column.path_in_schema)
        else:
            weight += size * values / count  # each of its values may be all that it holds
    return Read((number,), int(min(max(_BLOCKS * limits.block // max(weight, 1.0), 1), _ROWS)), tuple(packed))


def _has_deltas(encodings: Sequence[str]) -> bool:
    """Tell whether a column has parts that Arrow does not decode to a dictionary."""
    return any(encoding.startswith("DELTA") for encoding in encodings)


def cut_up(batch: pa.RecordBatch, limits: Limits) -> Iterator[pa.RecordBatch]:
    """Cut a batch so that its dictionaries, decoded, have a bounded number of bytes in each piece; a row stays one."""
    most = _BLOCKS * limits.block
    sizes = np.zeros(batch.num_rows, np.int64)
    for column in batch.columns:
        if pa.types.is_dictionary(column.type) and _is_text(column.type.value_type):
            lengths = pc.cast(pc.binary_length(column.dictionary), pa.int64())
            sizes += pc.fill_null(lengths.take(column.indices), 0).to_numpy(zero_copy_only=False)
    begin = 0
    ends = np.cumsum(sizes)
    while begin < batch.num_rows:
        before = int(ends[begin - 1]) if begin else 0
        end = max(int(np.searchsorted(ends, before + most, "right")), begin + 1)
        yield batch.slice(begin, end - begin)
        begin = end


def _is_text(kind: pa.DataType) -> bool:
    return any(
        is_kind(kind)
        for is_kind in (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary)
    )
