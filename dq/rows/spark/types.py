"""Types of PySpark's tables and of Arrow, either way."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
from pyspark.errors import PySparkTypeError
from pyspark.sql import types as t
from pyspark.sql.pandas.types import from_arrow_schema, to_arrow_schema

from etl_core.errors import UsageError

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

#: Types whose values Spark compares, and always in the same order.
_SORTED: Final = (
    t.NumericType, t.BooleanType, t.DateType, t.TimestampType, t.TimestampNTZType, t.DayTimeIntervalType, t.BinaryType,
)  # fmt: skip


def arrow_schema(frame: DataFrame) -> pa.Schema:
    """Give the types in which tasks get the rows of a table; moments are told in UTC, whatever the session shows.

    Raises:
        UsageError: Spark does not hand over the values of some column, which is named by its place, from 1.
    """
    convert: Callable[..., pa.Schema] = to_arrow_schema
    zone = {"timezone": "UTC"} if "timezone" in inspect.signature(convert).parameters else {}  # newer PySparks ask

    def converted(at: int, field: t.StructField) -> pa.Field:
        try:
            return convert(t.StructType([field]), **zone).field(0).remove_metadata()
        except PySparkTypeError as error:
            what = f"column {at} of the table is of type {field.dataType.simpleString()}, whose values PySpark does not"
            raise UsageError(f"{what} give to Python; cast it, or leave it out") from error

    return pa.schema([converted(at, field) for at, field in enumerate(frame.schema.fields, start=1)])


def held_type(kind: pa.DataType) -> pa.DataType:
    """Give the type in which a table of PySpark has values of a type: a time of day is text there."""
    return pa.string() if pa.types.is_time(kind) else kind


def with_types(schema: t.StructType, kinds: Mapping[int, pa.DataType], *more: str | pa.DataType) -> t.StructType:
    """Give the types of a table some of whose columns, by their places, have others, and that has `more` behind them.

    `more` are names, each with its type behind it. All other columns keep the types that Spark has for them.
    """
    given = {at: _spark_type(kind) for at, kind in kinds.items()}
    fields = [
        t.StructField(field.name, given.get(at, field.dataType), metadata=field.metadata)
        for at, field in enumerate(schema.fields)
    ]
    added = [t.StructField(str(name), _spark_type(kind)) for name, kind in zip(more[::2], more[1::2], strict=True)]
    return t.StructType([*fields, *added])


def sortable(column: Column, kind: t.DataType) -> Column:
    """Give a column in a form that sorts the same way whatever its type, the settings, and the order it came in."""
    if isinstance(kind, _SORTED) or kind == t.StringType():
        return column
    return column.cast("string").cast("binary")  # collations compare texts otherwise, and maps cannot be compared


def _spark_type(kind: Any) -> t.DataType:  # noqa: ANN401 - Arrow's
    return from_arrow_schema(pa.schema([pa.field("one", kind)]))["one"].dataType
