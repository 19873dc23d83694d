"""Types of PySpark's tables and of Arrow, either way."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING

import pyarrow as pa
from pyspark.sql.pandas.types import from_arrow_schema, to_arrow_schema

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from pyspark.sql.types import StructType


def arrow_schema(frame: DataFrame) -> pa.Schema:
    """Give the types in which tasks get the rows of a table; moments are told in UTC, whatever the session shows."""
    convert: Callable[..., pa.Schema] = to_arrow_schema
    zone = {"timezone": "UTC"} if "timezone" in inspect.signature(convert).parameters else {}  # newer PySparks ask
    schema = convert(frame.schema, **zone)
    return schema.remove_metadata()


def held_type(kind: pa.DataType) -> pa.DataType:
    """Give the type in which a table of PySpark has values of a type: a time of day is text there."""
    return pa.string() if pa.types.is_time(kind) else kind


def spark_type(schema: pa.Schema) -> StructType:
    """Give the type of a table of these columns."""
    fields = [pa.field(one.name, held_type(one.type)) for one in schema]
    return from_arrow_schema(pa.schema(fields))
