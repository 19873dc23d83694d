"""The figures of a stored state that are compared between runs, read without making its sketches again.

To restore hashes that follow from the row sample is most of the work of `decode_state`, and only a merge needs them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgpack
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dq.profiling.figures.distinct import DistinctSketch
from dq.profiling.profile.codec import PackedColumn, packed_columns, unpacked
from dq.profiling.profile.state_codec import STATE
from dq.schema.definition import FieldType

#: Types whose values are compared as numbers. Dates move on by themselves.
_NUMBERS = frozenset({FieldType.INTEGER, FieldType.NUMBER, FieldType.DECIMAL})


@dataclass(frozen=True, slots=True, eq=False)
class ColumnFigures:
    """One column of one state.

    Attributes:
        name: of the column.
        type: its type.
        sensitive: only counts are known of it.
        rows: parsed rows.
        present: those of them that are not null here.
        distinct: how many values; None where that is not known.
        distinct_error: the stated relative error of that, 0 where it is exact.
        mean: of the numbers.
        stddev: of the numbers.
        numbers: a uniform sample of them, finite ones, ascending; None of other types.
        counts: rows by value as text, where there are few values; None where they are many, or hidden.
    """

    name: str
    type: FieldType
    sensitive: bool
    rows: int
    present: int
    distinct: int | None
    distinct_error: float
    mean: float | None
    stddev: float | None
    numbers: npt.NDArray[np.float64] | None
    counts: Mapping[str, int] | None


@dataclass(frozen=True, slots=True)
class StateFigures:
    """Of one state: rows read (malformed ones, too), those of them that were malformed, bytes, and its columns."""

    rows: int
    malformed: int
    bytes: int
    columns: tuple[ColumnFigures, ...]


def figures_of_state(data: bytes) -> StateFigures:
    """Read the figures of a stored state.

    Raises:
        ProfileCodecError: these bytes are none of this version.
    """

    def figures(_mark: bytes, _files: int, size: int, length: int, compressed: bytes) -> StateFigures:
        body = pa.decompress(compressed, length, "zstd", asbytes=True)
        columns, _keys, derived, profile, _left_out, _seed = msgpack.unpackb(body, use_list=True, strict_map_key=False)
        rows, malformed, _malformed_rows, kept, _extras, sample = profile[:6]
        cells: dict[str, pa.Array] = {}
        if sample is not None and sample[-1] is not None:
            for batch in pa.ipc.open_stream(sample[-1]).read_all().combine_chunks().to_batches():
                cells = dict(zip(batch.schema.names, batch.columns, strict=True))
        follows = {at: [frequencies] for at, frequencies in derived}
        found = [
            _column(one, figures, cells, rows, follows.get(at, []))
            for at, (one, figures) in enumerate(zip(columns, packed_columns(kept or []), strict=True))
            if figures.seen
        ]
        return StateFigures(rows + malformed, malformed, size, tuple(found))

    return unpacked(data, STATE, figures)


def _column(
    known: list[Any], figures: PackedColumn, cells: Mapping[str, pa.Array], rows: int, derived: list[bool]
) -> ColumnFigures:
    _position, name, kind, _declared, *marks = known
    type_ = FieldType(kind)
    sensitive = len(marks) > 0 and bool(marks[0])
    label = f"{type_.value} {name}"
    sampled = cells.get(label)
    if sampled is not None and sampled.null_count:
        sampled = sampled.drop_null()
    sketch: DistinctSketch = figures.distinct
    distinct: int | None = None if sensitive else sketch.estimate()
    counts = None if sensitive else figures.counts
    numbers = None
    if sampled is not None and not sensitive:
        if pa.types.is_floating(sampled.type) or pa.types.is_integer(sampled.type):
            ordered = np.sort(sampled.to_numpy())
            if derived:
                distinct = int(np.count_nonzero(ordered[1:] != ordered[:-1])) + (len(ordered) > 0)
            if type_ in _NUMBERS:
                numbers = ordered.astype(np.float64)
                if len(numbers) and not np.isfinite(numbers[[0, -1]]).all():
                    numbers = numbers[np.isfinite(numbers)]
        elif derived:
            counted = pc.value_counts(sampled)
            distinct = len(counted)
            if derived[0]:
                counts = dict(zip(counted.field(0).to_pylist(), counted.field(1).to_pylist(), strict=True))
    return ColumnFigures(
        name=name,
        type=type_,
        sensitive=sensitive,
        rows=rows,
        present=figures.present,
        distinct=distinct,
        distinct_error=sketch.error(),
        mean=figures.moments.mean() if type_ in _NUMBERS else None,
        stddev=figures.moments.stddev() if type_ in _NUMBERS else None,
        numbers=numbers,
        counts=None if type_ in _NUMBERS else counts,
    )
