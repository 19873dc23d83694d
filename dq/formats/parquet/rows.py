"""Parquet to row batches, by row groups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from dq.errors import UnreadableFileError
from dq.formats.byte_source import ByteSource, SourceFile
from dq.formats.format import OpenFile, WholeReading
from dq.formats.layout import FileLayout
from dq.formats.limits import Limits
from dq.formats.parquet.footer import open_parquet, refuse_unsound
from dq.formats.parquet.int96 import columns_of_int96, with_exact_moments
from dq.formats.parquet.reads import Read, cut_up, plan_reads, refuse_expansion
from dq.formats.splits import Split
from dq.formats.typed.columns import families, typed_batch
from dq.formats.typed.faults import named
from dq.profiling.tally.row_batch import RowBatch


def parquet_layout(opened: OpenFile) -> FileLayout:
    """Read the layout from the footer."""
    source, limits = opened.source, opened.limits
    file = open_parquet(source)
    with named("the Parquet footer cannot be read"):
        metadata, schema = file.metadata, file.schema_arrow
        refuse_unsound(metadata, range(metadata.num_row_groups))
        refuse_expansion(metadata, source.size, limits)
        groups = tuple(metadata.row_group(at).num_rows for at in range(metadata.num_row_groups))
        if len(schema.names) > limits.columns:
            most = f"the most that is read is {limits.columns:,}; send columns as rows"
            message = f"the file has {len(schema.names):,} columns, {most}"
            raise UnreadableFileError(message)
        return FileLayout(
            format=opened.format,
            header=tuple(name.strip() for name in schema.names),
            splittable=len(groups) > 1,
            inferred=families(schema),
            row_groups=groups,
            arrow_schema=schema.remove_metadata().serialize().to_pybytes(),
        )


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
    def batches(**how: Any) -> Iterator[pa.RecordBatch]:  # noqa: ANN401 - as ParquetFile takes it
        columns = how.pop("columns", None)
        reader = pq.ParquetFile(
            pa.PythonFile(SourceFile(source), "r"), metadata=metadata, pre_buffer=False, memory_map=False, **how
        )
        yield from reader.iter_batches(read.rows, row_groups=list(read.groups), columns=columns, use_threads=False)

    found = batches(read_dictionary=list(read.packed))
    places = columns_of_int96(metadata)
    if not places:
        return found
    names = metadata.schema.to_arrow_schema().names
    in_microseconds = batches(coerce_int96_timestamp_unit="us", columns=[names[at] for at in places])
    return with_exact_moments(found, in_microseconds, places)


def read_parquet(source: ByteSource, layout: FileLayout, split: Split, limits: Limits) -> WholeReading:
    """Read the row groups of one part."""
    del layout
    return WholeReading(lambda: parquet_batches(source, range(split.start, split.end), limits), split)
