"""Arrow batches of physical types as rows: the several Arrow types of one thing become one."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from dq.profiling.cells.physical import type_family
from dq.profiling.tally.row_batch import RowBatch
from dq.schema.column_names import column_names
from dq.schema.definition import FieldType


def typed_batch(batch: pa.RecordBatch) -> RowBatch:
    """Give an Arrow batch of typed columns as rows; dictionaries and views become plain columns."""
    return RowBatch(
        columns=[plain(column) for column in batch.columns],
        rows=batch.num_rows,
        lines=batch.num_rows,
        line_numbers=lambda rows: (rows + np.int64(1)).tolist(),
    )


def families(schema: pa.Schema) -> dict[str, FieldType]:
    """Name the types that undeclared columns are profiled as."""
    names = column_names([field.name.strip() for field in schema])
    kinds = [type_family(plain(pa.nulls(0, field.type)).type) for field in schema]
    return dict(zip(names, kinds, strict=True))


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
