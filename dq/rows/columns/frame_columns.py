"""Columns of pandas, polars and Arrow, brought into the types of Arrow that are counted, and back."""

from __future__ import annotations

import math
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import orjson
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from dq.profiling.cells.values import JSON_TOKENS

#: What Arrow raises of values that it has no type for: whole numbers of more than 64 bits, several types in one column,
#: texts with half a surrogate pair.
_NO_TYPE: Final = (pa.ArrowException, TypeError, ValueError, OverflowError)
#: Bits of whole numbers that Python writes with digits; it refuses to of much longer ones.
_MOST_BITS: Final = 4096
_JSON: Final = orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY


def pandas_column(series: pd.Series[Any]) -> pa.ChunkedArray:
    """Give a column of pandas in Arrow; of values of several types, each as a JSON token. NaN is null, as in pandas."""
    if isinstance(series.dtype, pd.SparseDtype):
        series = pd.Series(np.asarray(series))
    try:
        if series.dtype == np.object_ and _mixes_alike(series):
            raise TypeError  # as Arrow does where it can tell the types apart
        found = pa.array(series, from_pandas=True)
    except _NO_TYPE:
        found = _tokens(series.tolist())
    return found if isinstance(found, pa.ChunkedArray) else pa.chunked_array([found])


def polars_column(series: pl.Series) -> pa.ChunkedArray:
    """Give a column of polars in Arrow; of a type that Arrow has not, each value as a JSON token."""
    try:
        if series.dtype == pl.Object:
            raise TypeError  # polars would give where in memory they lie
        found = series.to_arrow()
    except (*_NO_TYPE, pl.exceptions.PolarsError):
        found = _tokens(series.to_list())
    return pa.chunked_array([found])


def as_pandas(column: pa.ChunkedArray) -> pd.Series[Any]:
    """Give a column to pandas; whole numbers and truth values with nulls in the types that can hold those."""
    kinds = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()} if column.null_count else {}
    if pa.types.is_list(column.type):
        return pd.Series(objects_of(column))
    series: pd.Series[Any] = column.to_pandas(types_mapper=kinds.get)
    return series


def objects_of(column: pa.ChunkedArray) -> npt.NDArray[np.object_]:
    """Give the values of a column as Python's."""
    found = np.empty(len(column), np.object_)
    found[:] = column.to_pylist()
    return found


def selectable(kind: pa.DataType) -> pa.DataType:
    """Give the type of the same values whose rows Arrow can select; of layouts of its own it cannot."""
    if pa.types.is_string_view(kind) or pa.types.is_binary_view(kind):
        return pa.large_string() if pa.types.is_string_view(kind) else pa.large_binary()
    if pa.types.is_run_end_encoded(kind):
        return selectable(kind.value_type)
    if pa.types.is_list(kind):
        return pa.list_(_inner(kind.value_field))
    if pa.types.is_large_list(kind) or pa.types.is_list_view(kind) or pa.types.is_large_list_view(kind):
        return pa.large_list(_inner(kind.value_field))
    if pa.types.is_struct(kind):
        return pa.struct([_inner(field) for field in kind])
    return kind


def recast(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    """Bring a column into the type that `selectable` named."""
    chunks = [pc.run_end_decode(one) if pa.types.is_run_end_encoded(one.type) else one for one in column.chunks]
    return pa.chunked_array([one.cast(kind) for one in chunks], kind)


def _inner(field: pa.Field) -> pa.Field:
    return field.with_type(selectable(field.type))


def _mixes_alike(series: pd.Series[Any]) -> bool:
    """Tell whether a column mixes types of which Arrow would change one: texts and bytes, dates and moments."""
    kinds = set(map(type, series.array))
    dates = {kind for kind in kinds if issubclass(kind, date)}
    moments = {kind for kind in dates if issubclass(kind, datetime)}
    texts, raw = (any(issubclass(one, kind) for one in kinds) for kind in (str, bytes))
    return (texts and raw) or bool(moments and dates - moments)


def _tokens(values: list[object]) -> pa.Array:
    tokens = ["null" if _is_missing(value) else _token(value) for value in values]
    return pa.StructArray.from_arrays([pa.array(tokens, pa.string())], fields=list(JSON_TOKENS))


def _token(value: object) -> str:
    """Write a value as JSON; a number or a text that JSON has no form of as a text that says it."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if value.bit_length() <= _MOST_BITS else f'"{value:#x}"'
    if isinstance(value, Decimal) and value.is_finite():
        return format(value, "f")
    if isinstance(value, float) and not math.isfinite(value):
        return f'"{value}"'
    try:
        return orjson.dumps(value, default=_named, option=_JSON).decode()
    except orjson.JSONEncodeError:
        return orjson.dumps(str(value).encode(errors="backslashreplace").decode()).decode()


def _named(value: object) -> dict[str, str]:
    """Write what JSON has no form of by its type, so that it is not taken for a text."""
    return {type(value).__name__: value.hex() if isinstance(value, bytes) else str(value)}


def _is_missing(value: Any) -> bool:  # noqa: ANN401 - whatever a column has
    return bool(pd.api.types.is_scalar(value) and pd.isna(value))
