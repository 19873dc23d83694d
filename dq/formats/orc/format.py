"""The format ORC: typed columns in stripes.

Arrow reads a stripe at once, with all that its dictionaries repeat, or a whole file in small batches. So each stripe is
read as a file of its own, that names no others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pyarrow as pa
import pyarrow.dataset as pads

from dq.errors import UnreadableFileError
from dq.formats.byte_source import ByteSource
from dq.formats.format import Format, Magic, OpenFile, WholeReading
from dq.formats.layout import FileLayout
from dq.formats.limits import Limits
from dq.formats.orc.moments import put_together, taken_apart
from dq.formats.orc.tail import Stripe, Tail, open_orc
from dq.formats.splits import Split, group_splits, survey_groups
from dq.formats.typed.columns import families, typed_batch
from dq.formats.typed.faults import named
from dq.formats.typed.spark import TYPED, arrow_schema, refuse_types
from dq.profiling.cells.written_moments import EXACT_MOMENTS
from dq.profiling.tally.recipe import CellEncoding
from dq.profiling.tally.row_batch import RowBatch
from dq.schema.format_names import FormatNames

#: Rows decoded at once, and rows that are counted together.
_AT_ONCE, _TOGETHER = 1024, 64 * 1024
#: Bytes that are decoded at once, in blocks.
_BLOCKS = 8
#: Beside a column in our own schema: a text that Spark cuts off, or fills up with spaces.
_BOUNDED = {b"bounded": b"yes"}
#: What Arrow says of a moment that it cannot hold.
_BEYOND = "out of range for nanosecond resolution"
#: Spark keeps moments without a zone as integers, and says so beside the column.
_SPARKS_TYPE, _NO_ZONE = b"spark.sql.catalyst.type", b"timestamp_ntz"


def _layout(opened: OpenFile) -> FileLayout:
    """Read the layout from the footer."""
    limits = opened.limits
    file, tail = open_orc(opened.source, limits)
    with named("the ORC footer cannot be read"):
        columns = zip(file.schema, tail.bounded_texts(), strict=True)
        schema = pa.schema([_meant(field, bounded=bounded) for field, bounded in columns])
        expanded = int(tail.row_bytes() * sum(stripe.rows for stripe in tail.stripes))
    if len(schema) > limits.columns:
        message = (
            f"the file has {len(schema):,} columns, the most that is read is {limits.columns:,}; send columns as rows"
        )
        raise UnreadableFileError(message)
    largest = max((stripe.length for stripe in tail.stripes), default=0)
    if largest > limits.whole:
        most = f"the most that is held in memory is {limits.whole:,}; write smaller ones"
        message = f"a stripe of the file has {largest:,} bytes, {most}"
        raise UnreadableFileError(message)
    _refuse_expansion(opened.source.size, expanded, limits)
    return FileLayout(
        format=opened.format,
        header=tuple(name.strip() for name in schema.names),
        splittable=len(tail.stripes) > 1,
        inferred=families(schema),
        row_groups=tuple(stripe.rows for stripe in tail.stripes),
        arrow_schema=schema.serialize().to_pybytes(),
    )


def _refuse_expansion(size: int, expanded: int, limits: Limits) -> None:
    if expanded > limits.free_expansion and expanded > limits.expansion * size:
        message = (
            f"the ORC data expands from {size:,} to {expanded:,} bytes, more than {limits.expansion} "
            "times its size; such a file is refused as a decompression bomb; send it less compressed, or in parts"
        )
        raise UnreadableFileError(message)


def _meant(field: pa.Field, *, bounded: bool) -> pa.Field:
    """Give a column with the type it stands for."""
    without_zone = (field.metadata or {}).get(_SPARKS_TYPE) == _NO_ZONE
    kind = pa.timestamp("us") if without_zone and pa.types.is_int64(field.type) else field.type
    return pa.field(field.name, kind, metadata=_BOUNDED if bounded else None)


def _as_meant(column: pa.Array, field: pa.Field) -> pa.Array:
    return column if column.type in (field.type, EXACT_MOMENTS) else column.cast(field.type)


def _read(source: ByteSource, layout: FileLayout, split: Split, limits: Limits) -> WholeReading:
    schema = arrow_schema(layout)
    return WholeReading(lambda: _batches(source, range(split.start, split.end), schema, limits), split)


def _batches(source: ByteSource, numbers: Sequence[int], schema: pa.Schema, limits: Limits) -> Iterator[RowBatch]:
    """Read stripes in order; line numbers count rows. What they may expand to is bounded."""
    _, tail = open_orc(source, limits)
    most = _BLOCKS * limits.block
    rows = int(min(max(most // tail.row_bytes(), 1), _AT_ONCE))
    expanded = 0
    for number in numbers:
        stripe = tail.stripes[number]
        found = 0
        with named("the ORC data cannot be read"):
            for batch in _joined(_of_stripe(tail, stripe, source.read(stripe.offset, stripe.length), rows), most):
                found += batch.num_rows
                expanded += batch.nbytes
                _refuse_expansion(source.size, expanded, limits)
                columns = [_as_meant(column, field) for column, field in zip(batch.columns, schema, strict=True)]
                yield _checked(pa.RecordBatch.from_arrays(columns, names=schema.names))
        if found != stripe.rows:
            message = f"the ORC footer promises {stripe.rows:,} rows and the data holds {found:,}; send the file again"
            raise UnreadableFileError(message)


def _of_stripe(tail: Tail, stripe: Stripe, data: bytes, rows: int) -> Iterator[pa.RecordBatch]:
    """Decode a stripe, some rows at once; its moments apart where one of them is beyond what Arrow holds."""
    done = 0
    try:
        for batch in _decoded(tail.alone(stripe, data), rows):
            done += batch.num_rows
            yield batch
    except pa.ArrowInvalid as error:
        apart = taken_apart(tail, stripe, data) if _BEYOND in str(error) else None
        if apart is None:
            raise
        seconds, nanoseconds = (_decoded(part, rows) for part in (apart.seconds, apart.nanoseconds))
        for batch in put_together(seconds, nanoseconds, apart.places):
            done -= batch.num_rows
            if done < 0:
                yield batch.slice(max(batch.num_rows + done, 0))
                done = 0


def _checked(batch: pa.RecordBatch) -> RowBatch:
    """Make sure that texts are texts: no reader looks at that."""
    batch.validate(full=True)
    return typed_batch(batch)


def _refuse(layout: FileLayout, size: int) -> str | None:
    if any(field.metadata for field in arrow_schema(layout)):
        return "Spark reads char and varchar otherwise"
    return refuse_types(layout, size)


def _sparks_rows(batch: pa.RecordBatch, _layout: FileLayout, _limits: Limits) -> Iterator[RowBatch]:
    with named("the ORC data cannot be read"):
        yield _checked(batch)


def _decoded(part: pa.Buffer, rows: int) -> Iterator[pa.RecordBatch]:
    fragment = pads.OrcFileFormat().make_fragment(pa.BufferReader(part))
    yield from fragment.to_batches(batch_size=rows, batch_readahead=0, fragment_readahead=0, use_threads=False)


def _joined(batches: Iterator[pa.RecordBatch], most: int) -> Iterator[pa.RecordBatch]:
    """Put small batches together up to about `most` bytes: every call of a kernel costs the same for few rows."""
    held: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in batches:
        other = bool(held) and not batch.schema.equals(held[0].schema)
        if held and (other or rows + batch.num_rows > _TOGETHER or size + batch.nbytes > most):
            yield pa.concat_batches(held)
            held, rows, size = [], 0, 0
        held.append(batch)
        rows += batch.num_rows
        size += batch.nbytes
    if held:
        yield pa.concat_batches(held)


ORC = Format(
    FormatNames("orc"),
    title="ORC",
    cells=CellEncoding.TYPED,
    layout=_layout,
    splits=group_splits,
    read=_read,
    survey=survey_groups,
    suffixes=("orc",),
    magic=(Magic(b"ORC", "ORC", marked=True),),
    spark=replace(TYPED, refuse=_refuse, rows=_sparks_rows),
)
