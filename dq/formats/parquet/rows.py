"""Parquet to row batches, by row groups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from dq.errors import UnreadableFileError
from dq.formats.byte_source import ByteSource, SourceFile
from dq.formats.compression import held
from dq.formats.format import Format, OpenFile, WholeReading
from dq.formats.layout import FileLayout
from dq.formats.limits import Limits
from dq.formats.parquet.footer import named, open_parquet, refuse_unsound
from dq.formats.parquet.reads import Read, cut_up, plan_reads, refuse_expansion
from dq.formats.splits import Split
from dq.profiling.cells.values import type_family
from dq.profiling.tally.row_batch import RowBatch
from dq.schema.definition import FieldType, FileFormat


def parquet_layout(source: ByteSource, limits: Limits) -> FileLayout:
    """Read the layout from the footer."""
    file = open_parquet(source)
    with named("the Parquet footer cannot be read"):
        metadata, schema = file.metadata, file.schema_arrow
        refuse_unsound(metadata, range(metadata.num_row_groups))
        refuse_expansion(metadata, source.size, limits)
        groups = tuple(metadata.row_group(at).num_rows for at in range(metadata.num_row_groups))
        if len(schema.names) > limits.columns:
            message = f"the file has {len(schema.names):,} columns, the most that is read is {limits.columns:,}"
            raise UnreadableFileError(message)
        return FileLayout(
            format=FileFormat.PARQUET,
            header=tuple(name.strip() for name in schema.names),
            splittable=len(groups) > 1,
            inferred=_families(schema),
            row_groups=groups,
            arrow_schema=schema.remove_metadata().serialize().to_pybytes(),
        )


def _families(schema: pa.Schema) -> dict[str, FieldType]:
    """Name the types that undeclared columns are profiled as."""
    return {field.name.strip(): type_family(_plain_type(field.type)) for field in schema}


def _plain_type(kind: pa.DataType) -> pa.DataType:
    return plain(pa.nulls(0, kind)).type


def parquet_batches(source: ByteSource, groups: Sequence[int], limits: Limits) -> Iterator[RowBatch]:
    """Read row groups in order; line numbers count rows."""
    file = open_parquet(source)
    with named("the Parquet data cannot be read"):
        refuse_unsound(file.metadata, groups)
        promised = sum(file.metadata.row_group(at).num_rows for at in groups)
        found = 0
        for read in plan_reads(file.metadata, groups, limits):
            for batch in _arrow_batches(source, file.metadata, read):
                found += batch.num_rows
                yield from map(typed_batch, cut_up(batch, limits))
        if found != promised:
            message = f"the Parquet footer promises {promised:,} rows and the data holds {found:,}; send the file again"
            raise UnreadableFileError(message)


def _arrow_batches(source: ByteSource, metadata: pq.FileMetaData, read: Read) -> Iterator[pa.RecordBatch]:
    reader = pq.ParquetFile(
        pa.PythonFile(SourceFile(source), "r"),
        metadata=metadata,
        read_dictionary=list(read.packed),
        pre_buffer=False,
        memory_map=False,
    )
    yield from reader.iter_batches(batch_size=read.rows, row_groups=list(read.groups), use_threads=False)


def typed_batch(batch: pa.RecordBatch) -> RowBatch:
    """Give an Arrow batch of typed columns as rows; dictionaries and views become plain columns."""
    return RowBatch(
        columns=[plain(column) for column in batch.columns],
        rows=batch.num_rows,
        lines=batch.num_rows,
        line_numbers=lambda rows: (rows + np.int64(1)).tolist(),
    )


def plain(column: pa.Array) -> pa.Array:
    """Bring the several Arrow types of one thing into one."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return plain(column.dictionary_decode())
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return column.cast(pa.string())
    if isinstance(column, pa.ExtensionArray):
        return plain(column.storage)
    if pa.types.is_float16(kind):
        return column.cast(pa.float32())
    return column


def _layout(opened: OpenFile) -> FileLayout:
    layout = parquet_layout(held(opened.source, opened.compression, opened.limits), opened.limits)
    return replace(layout, compression=opened.compression, splittable=layout.splittable and not opened.compression)


def _splits(layout: FileLayout, size: int, limits: Limits) -> list[Split]:
    """Put neighbouring row groups together up to about a split's bytes."""
    groups = len(layout.row_groups)
    count = max(min(groups, -(-size // limits.part(size, len(layout.header)))), 1) if layout.splittable else 1
    edges = [groups * number // count for number in range(count + 1)]
    return [Split(number, edges[number], edges[number + 1], sure=True) for number in range(count)]


def _read(source: ByteSource, layout: FileLayout, split: Split, limits: Limits) -> WholeReading:
    whole = held(source, layout.compression, limits)
    return WholeReading(lambda: parquet_batches(whole, range(split.start, split.end), limits), split)


PARQUET = Format(_layout, _splits, _read)
