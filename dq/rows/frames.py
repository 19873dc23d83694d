"""Tables in memory, whatever library made them: their columns in Arrow, and some of their rows in their own kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
import polars as pl
import pyarrow as pa

from dq.formats.typed.columns import typed_batch
from dq.profiling.tally.row_batch import RowBatch
from dq.rows.columns.frame_columns import as_pandas, objects_of, pandas_column, polars_column, recast, selectable
from dq.rows.findings import FINDINGS
from etl_core.errors import UsageError

Mask: TypeAlias = npt.NDArray[np.bool_]
#: Columns of some rows, by their places in the table.
Columns: TypeAlias = Mapping[int, pa.ChunkedArray]
#: Rows that are looked at together: as many as are decoded of a Parquet file at once.
ROWS_AT_ONCE = 64 * 1024


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A table in memory.

    `names` and `columns` are those of the table, in its order, without a column of findings from before.
    `some` gives the rows of a mask as they came, but for columns that are given, by their places, and with a column of
    findings.
    """

    names: tuple[str, ...]
    columns: tuple[pa.ChunkedArray, ...]
    rows: int
    some: Callable[[Mask, Columns, pa.ChunkedArray], Any]

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
        return _of_arrow(_streamed(frame), lambda table: table)
    raise _no_table(frame)


def _streamed(frame: object) -> pa.Table:
    try:
        return pa.RecordBatchReader.from_stream(frame).read_all()
    except pa.ArrowInvalid:  # a stream of one column, which has no name
        raise _no_table(frame) from None


def _no_table(frame: object) -> UsageError:
    found = f"{type(frame).__module__}.{type(frame).__qualname__}"
    message = f"a {found} is no table that can be read; expected a DataFrame of PySpark, pandas or polars, a pyarrow"
    return UsageError(f"{message} Table, or an object with __arrow_c_stream__ that has columns")


def _of_arrow(table: pa.Table, made: Callable[[pa.Table], Any]) -> Frame:
    places = [at for at, name in enumerate(table.column_names) if name != FINDINGS]
    plain = table.select(places)
    for at, field in enumerate(plain.schema):
        if field.type != (kind := selectable(field.type)):
            plain = plain.set_column(at, field.with_type(kind), recast(plain.column(at), kind))

    def some(mask: Mask, columns: Columns, findings: pa.ChunkedArray) -> Any:  # noqa: ANN401 - as it came
        found = plain.filter(pa.array(mask))
        for at, column in columns.items():
            found = found.set_column(at, pa.field(plain.field(at).name, column.type), column)
        return made(found.append_column(FINDINGS, findings))

    return Frame(tuple(plain.column_names), tuple(plain.columns), table.num_rows, some)


def _of_polars(frame: pl.DataFrame, *, lazy: bool) -> Frame:
    plain = frame.drop(FINDINGS, strict=False)

    def some(mask: Mask, columns: Columns, findings: pa.ChunkedArray) -> pl.DataFrame | pl.LazyFrame:
        kept = plain.filter(pl.Series(mask))
        given = {plain.columns[at]: column for at, column in columns.items()}
        found = kept.with_columns(pl.DataFrame(pl.from_arrow(pa.table({**given, FINDINGS: findings}))))
        return found.lazy() if lazy else found

    return Frame(tuple(plain.columns), tuple(map(polars_column, plain.get_columns())), frame.height, some)


def _of_pandas(frame: pd.DataFrame) -> Frame:
    places = [at for at, name in enumerate(frame.columns) if name != FINDINGS]
    plain = frame.iloc[:, places]
    arrow = [pandas_column(plain.iloc[:, at]) for at in range(plain.shape[1])]

    def some(mask: Mask, columns: Columns, findings: pa.ChunkedArray) -> pd.DataFrame:
        kept = plain[mask]
        series = {  # not their arrays, whose types pandas would guess anew
            at: as_pandas(columns[at]) if at in columns else kept.iloc[:, at].reset_index(drop=True)
            for at in range(plain.shape[1])
        }
        found = pd.DataFrame(series, index=pd.RangeIndex(len(kept))).set_axis(kept.index)
        found.columns = plain.columns
        return found.assign(**{FINDINGS: objects_of(findings)})

    return Frame(tuple(str(name) for name in plain.columns), tuple(arrow), len(frame), some)


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
