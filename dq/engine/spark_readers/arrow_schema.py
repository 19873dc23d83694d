"""The Spark schema of a Parquet file, from the Arrow types its footer names: no inference job."""

from __future__ import annotations

import pyarrow as pa
from pyspark.sql.types import (
    BinaryType,
    BooleanType,
    ByteType,
    DataType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    IntegerType,
    LongType,
    ShortType,
    StringType,
    StructField,
    StructType,
    TimestampNTZType,
    TimestampType,
)

_PLAIN: dict[pa.DataType, DataType] = {
    pa.bool_(): BooleanType(),
    pa.int8(): ByteType(),
    pa.int16(): ShortType(),
    pa.int32(): IntegerType(),
    pa.int64(): LongType(),
    pa.float32(): FloatType(),
    pa.float64(): DoubleType(),
    pa.string(): StringType(),
    pa.large_string(): StringType(),
    pa.binary(): BinaryType(),
    pa.date32(): DateType(),
}


def spark_schema(schema: pa.Schema) -> StructType | None:
    """Give the schema Spark is told to read, None when it has a type that Spark reads otherwise."""
    kinds = [_spark_type(field.type) for field in schema]
    fields = [StructField(field.name, kind) for field, kind in zip(schema, kinds, strict=True) if kind is not None]
    return StructType(fields) if len(fields) == len(kinds) else None


def _spark_type(kind: pa.DataType) -> DataType | None:
    if pa.types.is_decimal128(kind):
        return DecimalType(kind.precision, kind.scale)
    if pa.types.is_timestamp(kind) and kind.unit in ("ms", "us"):
        return TimestampType() if kind.tz else TimestampNTZType()
    return _PLAIN.get(kind)
