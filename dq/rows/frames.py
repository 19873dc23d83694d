"""Tables in memory, whatever library made them: their columns in Arrow, and some of their rows in their own kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pandas as pd
import polars as pl
import pyarrow as pa

from dq.formats.typed.columns import typed_batch
from dq.profiling.cells.values import JSON_TOKENS
from dq.profiling.tally.row_batch import RowBatch
from dq.rows.findings import FINDINGS
from etl_core.errors import UsageError

Mask = npt.NDArray[np.bool_]
#: Rows that are looked at together: as many as are decoded of a Parquet file at once.
ROWS_AT_ONCE = 64 * 1024


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A table in memory.

    `names` and `columns` are those of the table, in its order, without a column of findings from before.
    `some` gives the rows of a mask as they came, with a column of findings; `made` gives the kind of table that came,
    of an Arrow table.
    """

    names: tuple[str, ...]
    columns: tuple[pa.ChunkedArray, ...]
    rows: int
    some: Callable[[Mask, pa.ChunkedArray], Any]
    made: Callable[[pa.Table, Mask], Any]

    def batches(self) -> Iterator[RowBatch]:
        """Give the rows, some at a time."""
        names = [str(at) for at in range(len(self.columns))]
        table = pa.Table.from_arrays(list(self.columns), names=names)
        if not names:
            yield RowBatch([], self.rows, lines=self.rows)
            return
        for start in range(0, max(self.rows, 1), ROWS_AT_ONCE):
            yield typed_batch(_one_batch(table.slice(start, ROWS_AT_ONCE)))

    def as_table(self) -> pa.Table:
        """Give all rows as an Arrow table: what came may be gone once it was read."""
        return pa.Table.from_arrays(list(self.columns), schema=self.schema)

    @property
    def schema(self) -> pa.Schema:
        """The names and types of the columns."""
        return pa.schema([pa.field(name, column.type) for name, column in zip(self.names, self.columns, strict=True)])


def frame_of(frame: object) -> Frame:
    """Take a table in: of pandas, polars or pyarrow, or anything with `__arrow_c_stream__`.

    Raises:
        UsageError: it is nothing of the kind.
    """
    for kind, read in _KINDS:
        if isinstance(frame, kind):
            return read(frame)
    if hasattr(frame, "__arrow_c_stream__"):
        return _of_arrow(pa.RecordBatchReader.from_stream(frame).read_all(), lambda table: table)
    found = f"{type(frame).__module__}.{type(frame).__qualname__}"
    message = f"a {found} is no table that can be read; expected a DataFrame of PySpark, pandas or polars, a pyarrow"
    raise UsageError(f"{message} Table, or an object with __arrow_c_stream__")


def _of_arrow(table: pa.Table, made: Callable[[pa.Table], Any]) -> Frame:
    places = [at for at, name in enumerate(table.column_names) if name != FINDINGS]
    plain = table.select(places)

    def some(mask: Mask, findings: pa.ChunkedArray) -> Any:  # noqa: ANN401 - as it came
        return made(plain.append_column(FINDINGS, findings).filter(pa.array(mask)))

    return Frame(
        tuple(plain.column_names), tuple(plain.columns), table.num_rows, some, lambda table, _mask: made(table)
    )


def _of_polars(frame: pl.DataFrame, *, lazy: bool) -> Frame:
    plain = frame.drop(FINDINGS, strict=False)

    def given(one: pl.DataFrame) -> pl.DataFrame | pl.LazyFrame:
        return one.lazy() if lazy else one

    def some(mask: Mask, findings: pa.ChunkedArray) -> pl.DataFrame | pl.LazyFrame:
        told = pl.DataFrame(pl.from_arrow(pa.table({FINDINGS: findings}))).to_series()
        return given(plain.with_columns(told).filter(pl.Series(mask)))

    table = plain.to_arrow()
    return Frame(
        tuple(plain.columns),
        tuple(table.columns),
        frame.height,
        some,
        lambda table, _mask: given(pl.DataFrame(pl.from_arrow(table))),
    )


def _of_pandas(frame: pd.DataFrame) -> Frame:
    places = [at for at, name in enumerate(frame.columns) if name != FINDINGS]
    plain = frame.iloc[:, places]
    columns = [_pandas_column(plain.iloc[:, at]) for at in range(plain.shape[1])]

    def some(mask: Mask, findings: pa.ChunkedArray) -> pd.DataFrame:
        return plain[mask].assign(**{FINDINGS: _objects(findings.filter(pa.array(mask)))})

    def made(table: pa.Table, mask: Mask) -> pd.DataFrame:
        series = [_to_pandas(column) for column in table.columns]
        found = pd.DataFrame(dict(enumerate(series)))
        found.columns = pd.Index([*plain.columns, *table.column_names[len(plain.columns) :]])
        return found.set_axis(plain.index[mask])

    return Frame(tuple(str(name) for name in plain.columns), tuple(columns), len(frame), some, made)


def _objects(column: pa.ChunkedArray) -> npt.NDArray[np.object_]:
    found = np.empty(len(column), np.object_)
    found[:] = column.to_pylist()
    return found


def _pandas_column(series: pd.Series[Any]) -> pa.ChunkedArray:
    """Give a column of pandas in Arrow; of values of several types, each as a JSON token."""
    try:
        found = pa.array(series, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        found = _tokens(series.tolist())
    return found if isinstance(found, pa.ChunkedArray) else pa.chunked_array([found])


def _tokens(values: Sequence[object]) -> pa.Array:
    tokens = [orjson.dumps(None if _is_missing(value) else value, default=str).decode() for value in values]
    return pa.StructArray.from_arrays([pa.array(tokens, pa.string())], fields=list(JSON_TOKENS))


def _is_missing(value: object) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value)  # noqa: PLR0124 - NaN


def _to_pandas(column: pa.ChunkedArray) -> pd.Series[Any]:
    """Give a column to pandas; whole numbers and truth values with nulls in the types that can hold those."""
    kinds = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()} if column.null_count else {}
    if pa.types.is_list(column.type):
        return pd.Series(_objects(column))
    series: pd.Series[Any] = column.to_pandas(types_mapper=kinds.get)
    return series


def _one_batch(table: pa.Table) -> pa.RecordBatch:
    """Give a table as one batch."""
    batches = table.combine_chunks().to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], schema=table.schema)


_KINDS: tuple[tuple[type, Callable[[Any], Frame]], ...] = (
    (pd.DataFrame, _of_pandas),
    (pl.LazyFrame, lambda frame: _of_polars(frame.collect(), lazy=True)),
    (pl.DataFrame, lambda frame: _of_polars(frame, lazy=False)),
    (pa.Table, lambda table: _of_arrow(table, lambda found: found)),
    (pa.RecordBatch, lambda batch: _of_arrow(pa.Table.from_batches([batch]), _one_batch)),
    (pa.RecordBatchReader, lambda reader: _of_arrow(reader.read_all(), lambda found: found.to_reader())),
)
