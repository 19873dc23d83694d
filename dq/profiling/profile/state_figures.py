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
from dq.profiling.profile.codec import packed_columns, unpacked
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
        numbers: a uniform sample of them, finite ones; None of other types.
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
        cells = None
        if sample is not None and sample[-1] is not None:
            cells = pa.ipc.open_stream(sample[-1]).read_all()
        follows = dict(derived)
        found = [
            _column(one, figures, cells, rows, follows.get(at))
            for at, (one, figures) in enumerate(zip(columns, packed_columns(kept or []), strict=True))
            if figures.seen
        ]
        return StateFigures(rows + malformed, malformed, size, tuple(found))

    return unpacked(data, STATE, figures)


def _column(known: list[Any], figures: Any, cells: pa.Table | None, rows: int, follows: bool | None) -> ColumnFigures:  # noqa: ANN401, FBT001 - as written
    _position, name, kind, _declared, *marks = known
    type_ = FieldType(kind)
    sensitive = len(marks) > 0 and bool(marks[0])
    label = f"{type_.value} {name}"
    sampled = cells.column(label) if cells is not None and label in cells.column_names else None
    sketch: DistinctSketch = figures.distinct
    distinct: int | None = sketch.estimate()
    counts = figures.counts
    if sensitive:
        distinct, counts = None, None
    elif follows is not None and sampled is not None:
        counted = pc.value_counts(sampled.drop_null().combine_chunks())
        distinct = len(counted)
        if follows:
            counts = dict(zip(counted.field(0).to_pylist(), counted.field(1).to_pylist(), strict=True))
    numbers = None
    if type_ in _NUMBERS and sampled is not None:
        taken = sampled.drop_null().combine_chunks().to_numpy(zero_copy_only=False).astype(np.float64)
        numbers = taken[np.isfinite(taken)]
    return ColumnFigures(
        name=name,
        type=type_,
        sensitive=sensitive,
        rows=rows,
        present=figures.present,
        distinct=distinct,
        distinct_error=sketch.error(),
        mean=figures.moments.mean(),
        stddev=figures.moments.stddev(),
        numbers=numbers,
        counts=None if type_ in _NUMBERS else counts,
    )
