"""Typed files by Spark's own readers: Spark is told the schema, from Arrow's types in a footer, and infers none."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from dq.formats.layout import FileLayout
from dq.formats.limits import Limits
from dq.formats.spark_reading import AnyProbe, SparkReading, SparkSource, length_unknown
from dq.formats.typed.columns import typed_batch
from dq.profiling.tally.row_batch import RowBatch

#: Spark's names of the types that it reads as Arrow does.
_PLAIN: dict[pa.DataType, str] = {
    pa.bool_(): "boolean",
    pa.int8(): "byte",
    pa.int16(): "short",
    pa.int32(): "integer",
    pa.int64(): "long",
    pa.float32(): "float",
    pa.float64(): "double",
    pa.string(): "string",
    pa.large_string(): "string",
    pa.binary(): "binary",
    pa.date32(): "date",
}


def spark_columns(schema: pa.Schema) -> tuple[tuple[str, str], ...] | None:
    """Give the columns Spark is told to read, None when there is a type that Spark reads otherwise."""
    columns = [(field.name, kind) for field in schema if (kind := _spark_type(field.type))]
    return tuple(columns) if len(columns) == len(schema) else None


def _spark_type(kind: pa.DataType) -> str | None:
    if pa.types.is_decimal128(kind):
        return f"decimal({kind.precision},{kind.scale})"
    if pa.types.is_timestamp(kind) and kind.unit in ("ms", "us"):
        return "timestamp" if kind.tz else "timestamp_ntz"
    return _PLAIN.get(kind)


def refuse_types(layout: FileLayout, _size: int) -> str | None:
    """Refuse what Spark reads otherwise than Arrow, or not at all."""
    schema = arrow_schema(layout)
    if layout.compression or len(set(schema.names)) < len(schema.names) or spark_columns(schema) is None:
        return f"Spark reads such a file of {layout.format.title} otherwise, or not at all"
    return None


def typed_source(layout: FileLayout, _probe: AnyProbe | None, _limits: Limits) -> SparkSource:
    """Ask for the columns of the file, by their types; Spark's reader is called as the format is."""
    return SparkSource(layout.format.name, spark_columns(arrow_schema(layout)) or ())


def typed_rows(batch: pa.RecordBatch, _layout: FileLayout, _limits: Limits) -> Iterator[RowBatch]:
    """Take a batch as it is."""
    yield typed_batch(batch)


def arrow_schema(layout: FileLayout) -> pa.Schema:
    """Give the physical schema of a file."""
    return pa.ipc.read_schema(pa.py_buffer(layout.arrow_schema))


TYPED = SparkReading(refuse_types, typed_source, typed_rows, length_unknown)
