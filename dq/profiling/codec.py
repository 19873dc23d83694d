"""Profiles as bytes: MessagePack for the counts, Arrow IPC for the sampled rows. Never pickle.

The first element is the version of the layout; a profile of another version is refused with a
plain message, because hashes and samples of two versions must not be merged.
"""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import msgpack
import numpy as np
import pyarrow as pa

from dq.errors import TerminalError
from dq.profiling.column_profile import ColumnProfile
from dq.profiling.distinct import DistinctSketch
from dq.profiling.file_profile import FileProfile
from dq.profiling.findings import Finding
from dq.profiling.frequencies import Frequencies
from dq.profiling.moments import Moments
from dq.profiling.row_sample import RowSample
from dq.profiling.summary import Scalar

VERSION = 1
_IPC = pa.ipc.IpcWriteOptions(compression="lz4")


class ProfileCodecError(TerminalError):
    """Bytes that are not a profile of this version."""


def encode_profile(profile: FileProfile) -> bytes:
    """Write a profile; equal profiles give equal bytes."""
    columns = None if profile.columns is None else [_column(one) for one in profile.columns]
    body = [
        VERSION,
        profile.rows,
        profile.malformed,
        _findings(profile.malformed_rows),
        columns,
        [[name, _column(one)] for name, one in sorted(profile.extras.items())],
        _sample(profile.sample),
        _sample(profile.shown),
        sorted(profile.lines.items()),
    ]
    packed: bytes = msgpack.packb(body, use_bin_type=True)
    return packed


def decode_profile(data: bytes) -> FileProfile:
    """Read a profile back; raises ProfileCodecError for anything else."""
    try:
        body = msgpack.unpackb(data, use_list=True, strict_map_key=False)
        version = body[0]
    except (ValueError, TypeError, IndexError, msgpack.UnpackException) as error:
        message = "these bytes are no stored profile; profile the file again"
        raise ProfileCodecError(message) from error
    if version != VERSION:
        message = f"a profile of layout {version}, this version reads {VERSION}; profile the file again"
        raise ProfileCodecError(message)
    _, rows, malformed, malformed_rows, columns, extras, sample, shown, lines = body
    return FileProfile(
        rows=rows,
        malformed=malformed,
        malformed_rows=_found(malformed_rows),
        columns=None if columns is None else tuple(_column_of(one) for one in columns),
        extras={name: _column_of(one) for name, one in extras},
        sample=_sample_of(sample),
        shown=_sample_of(shown),
        lines=dict(lines),
    )


def _findings(findings: tuple[Finding, ...]) -> list[list[Any]]:
    return [[one.split, one.line, one.text] for one in findings]


def _found(rows: list[list[Any]]) -> tuple[Finding, ...]:
    return tuple(Finding(*row) for row in rows)


def _column(column: ColumnProfile) -> list[Any]:
    distinct = column.distinct
    moments = column.moments
    counts = column.frequencies.counts
    return [
        [distinct.size, distinct.full, distinct.hashes.astype("<u8").tobytes()],
        column.physical,
        column.present,
        column.seen,
        column.unparsable,
        column.wrong_type,
        _findings(column.unparsable_cells),
        sorted(column.violations.items()),
        [[rule, _findings(found)] for rule, found in sorted(column.violating_cells.items())],
        _scalar(column.minimum),
        _scalar(column.maximum),
        column.min_length,
        column.max_length,
        [moments.count, moments.mean, moments.squares],
        None if counts is None else sorted(counts.items()),
    ]


def _column_of(body: list[Any]) -> ColumnProfile:
    (size, full, hashes), physical, present, seen, unparsable, wrong_type, cells, violations, violating = body[:9]
    minimum, maximum, min_length, max_length, moments, counts = body[9:]
    return ColumnProfile(
        distinct=DistinctSketch(size, np.frombuffer(hashes, "<u8").astype(np.uint64), full),
        physical=physical,
        present=present,
        seen=seen,
        unparsable=unparsable,
        wrong_type=wrong_type,
        unparsable_cells=_found(cells),
        violations=dict(violations),
        violating_cells={rule: _found(found) for rule, found in violating},
        minimum=_scalar_of(minimum),
        maximum=_scalar_of(maximum),
        min_length=min_length,
        max_length=max_length,
        moments=Moments(*moments),
        frequencies=Frequencies(None if counts is None else dict(counts)),
    )


def _sample(sample: RowSample | None) -> list[Any] | None:
    if sample is None:
        return None
    cells = None
    if sample.cells is not None:
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, sample.cells.schema, options=_IPC) as writer:
            writer.write_table(sample.cells.combine_chunks())
        cells = sink.getvalue().to_pybytes()
    arrays = [sample.priority.astype("<u8"), sample.split.astype("<i8"), sample.row.astype("<i8")]
    return [sample.size, *(array.tobytes() for array in arrays), cells]


def _sample_of(body: list[Any] | None) -> RowSample | None:
    if body is None:
        return None
    size, priority, split, row, cells = body
    return RowSample(
        size,
        np.frombuffer(priority, "<u8").astype(np.uint64),
        np.frombuffer(split, "<i8").astype(np.int64),
        np.frombuffer(row, "<i8").astype(np.int64),
        None if cells is None else pa.ipc.open_stream(cells).read_all(),
    )


def _scalar(value: Scalar | None) -> list[Any] | None:
    match value:
        case None:
            return None
        case datetime():
            return ["datetime", value.isoformat()]
        case date():
            return ["date", value.isoformat()]
        case time():
            return ["time", value.isoformat()]
        case Decimal():
            return ["decimal", str(value)]
        case bool():
            return ["boolean", value]
        case int():
            return ["integer", value]
        case float():
            return ["number", value]
    return ["string", value]


def _scalar_of(body: list[Any] | None) -> Scalar | None:
    if body is None:
        return None
    tag, value = body
    match tag:
        case "datetime":
            return datetime.fromisoformat(value)
        case "date":
            return date.fromisoformat(value)
        case "time":
            return time.fromisoformat(value)
        case "decimal":
            return Decimal(value)
    scalar: Scalar = value
    return scalar
