"""Parquet's moments of 96 bits: a day and the nanoseconds of it, of any year.

Arrow reads them as nanoseconds since 1970 in 64 bits, and where these do not reach (before 1677, after 2262; 9999-12-31
as "never") gives the lowest 64 bits of them without a word; or as microseconds, and drops the last three digits. Both
together are exact: of the nanoseconds those beyond the microseconds are right however often the rest went round.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dq.profiling.cells.written_moments import EXACT_MOMENTS

#: Microseconds since 1970 that nanoseconds in 64 bits reach.
_REACHED = (2**63 - 1) // 1000
_INT96 = "INT96"


def columns_of_int96(metadata: pq.FileMetaData) -> list[int]:
    """Give the places of the columns that are, or hold, moments of 96 bits."""
    leaves = (metadata.schema.column(at) for at in range(metadata.num_columns))
    paths = [leaf.path for leaf in leaves if leaf.physical_type == _INT96]
    names = metadata.schema.to_arrow_schema().names if paths else []
    return [at for at, name in enumerate(names) if any(f"{path}.".startswith(f"{name}.") for path in paths)]


def with_exact_moments(
    batches: Iterator[pa.RecordBatch], in_microseconds: Iterator[pa.RecordBatch], places: Sequence[int]
) -> Iterator[pa.RecordBatch]:
    """Make exact what was read in nanoseconds, by the same columns, at these places, read in microseconds."""
    same_rows = _Aligned(in_microseconds)
    for batch in batches:
        other = same_rows.next(batch.num_rows)
        columns = batch.columns
        for at, place in enumerate(places):
            columns[place] = _exact(columns[place], other.column(at))
        yield pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


class _Aligned:
    """Batches cut as others are."""

    def __init__(self, batches: Iterator[pa.RecordBatch]) -> None:
        self._batches = batches
        self._held: list[pa.RecordBatch] = []

    def next(self, rows: int) -> pa.RecordBatch:
        """Give so many rows."""
        while sum(one.num_rows for one in self._held) < rows:
            self._held.append(next(self._batches))
        together = pa.concat_batches(self._held)
        self._held = [together.slice(rows)]
        return together.slice(0, rows)


def _exact(nanoseconds: pa.Array, microseconds: pa.Array) -> pa.Array:
    if all(_is_reached(leaf) for leaf in _leaves(microseconds)):
        return nanoseconds
    if not pa.types.is_timestamp(microseconds.type):
        return microseconds  # nested: its days are right
    whole = _whole(microseconds)
    rests = _whole(nanoseconds) - whole * 1000  # modulo 2**64, as Arrow has multiplied
    moments = microseconds.cast(pa.timestamp("us", microseconds.type.tz)).cast(pa.timestamp("us"), safe=False)
    parts = [moments, pa.array(rests.astype(np.int16))]
    return pa.StructArray.from_arrays(parts, fields=list(EXACT_MOMENTS), mask=microseconds.is_null())


def _whole(moments: pa.Array) -> npt.NDArray[np.int64]:
    numbers: npt.NDArray[np.int64] = pc.fill_null(pc.cast(moments, pa.int64()), 0).to_numpy(zero_copy_only=False)
    return numbers


def _is_reached(moments: pa.Array) -> bool:
    if not pa.types.is_timestamp(moments.type) or not len(moments):
        return True
    return int(np.abs(_whole(moments)).max()) < _REACHED


def _leaves(cells: pa.Array) -> Iterator[Any]:
    kind = cells.type
    if pa.types.is_map(kind):
        yield from _leaves(cells.keys)
        yield from _leaves(cells.items)
    elif pa.types.is_nested(kind):
        inner = cells.flatten()
        for one in inner if isinstance(inner, list) else [inner]:
            yield from _leaves(one)
    else:
        yield cells
