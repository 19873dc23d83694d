"""Profiles as bytes between tasks: MessagePack for the counts, Arrow IPC for the sampled rows. Never pickle.

The first element says what it is and the second the version of the layout. Bytes of another version are refused with a
plain message, because hashes and samples of two versions must not be merged. What outlives the run: `state_codec`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple, TypeVar, cast

import msgpack
import numpy as np
import pyarrow as pa

from dq.profiling.figures.distinct import DistinctSketch
from dq.profiling.figures.frequencies import Frequencies
from dq.profiling.figures.moments import Moments
from dq.profiling.figures.row_sample import RowSample, priorities
from dq.profiling.profile.column_profile import ColumnProfile
from dq.profiling.profile.file_profile import FileProfile
from dq.profiling.row_rules.outcome import RowFigures
from dq.profiling.summary.summary import Scalar
from dq.profiling.tally.offences import Offence
from dq.schema.durations import Duration
from dq.schema.fine_moments import FineMoment
from etl_core.errors import TerminalError

VERSION = 5
_PROFILE = "dq.profile"
_LZ4 = pa.ipc.IpcWriteOptions(compression="lz4")
_PLAIN = pa.ipc.IpcWriteOptions()
#: What a column is written without, as a rule.
_NOTHING: frozenset[str] = frozenset()


class ProfileCodecError(TerminalError):
    """Bytes that are not a profile of this version."""


def encode_profile(profile: FileProfile) -> bytes:
    """Write the profile of a file or of a part of it; equal profiles give equal bytes."""
    return packed([_PROFILE, VERSION, *body_of(profile)])


def decode_profile(data: bytes) -> FileProfile:
    """Read a profile back; raises ProfileCodecError for anything else."""
    return unpacked(data, _PROFILE, profile_of_body)


_Decoded = TypeVar("_Decoded")


def packed(body: list[Any]) -> bytes:
    """Write plain lists as MessagePack."""
    written: bytes = msgpack.packb(body, use_bin_type=True)
    return written


def unpacked(data: bytes, kind: str, decode: Callable[..., _Decoded]) -> _Decoded:
    """Read what `packed` wrote of this kind and version; raises ProfileCodecError for anything else."""
    try:
        found, version, *body = msgpack.unpackb(data, use_list=True, strict_map_key=False)
    except (ValueError, TypeError, msgpack.UnpackException) as error:
        raise ProfileCodecError(_FOREIGN) from error
    if found != kind:
        raise ProfileCodecError(_FOREIGN)
    if version != VERSION:
        message = f"a stored profile of layout {version}, this version reads {VERSION}; profile the file again"
        raise ProfileCodecError(message)
    try:
        return decode(*body)
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, OSError) as error:
        raise ProfileCodecError(_FOREIGN) from error


_FOREIGN = "these bytes are no stored profile, or a damaged one; profile the file again"


def body_of(
    profile: FileProfile, *, compressed: bool = True, without: Mapping[int, frozenset[str]] | None = None
) -> list[Any]:
    """Write a profile as plain lists.

    Args:
        profile: of a file, or of a part of it.
        compressed: the sampled cells are, each column for itself.
        without: "hashes", or "frequencies" too, that columns at these places are written without.
    """
    options = _LZ4 if compressed else _PLAIN
    columns = profile.columns
    leave = without or {}
    return [
        profile.rows,
        profile.malformed,
        _offences_as_lists(profile.malformed_rows),
        None if columns is None else [_column(one, leave.get(at, _NOTHING)) for at, one in enumerate(columns)],
        [[name, _column(one)] for name, one in sorted(profile.extras.items())],
        _sample(profile.sample, options),
        _sample(profile.shown, options),
        sorted(profile.lines.items()),
        *_found_wanting(profile),
    ]


def profile_of_body(*body: Any) -> FileProfile:  # noqa: ANN401 - what MessagePack holds
    """Read what `body_of` wrote."""
    rows, malformed, malformed_rows, columns, extras, sample, shown, lines, *wanting = body
    return FileProfile(
        rows=rows,
        malformed=malformed,
        malformed_rows=_found(malformed_rows),
        columns=None if columns is None else tuple(_column_of(one) for one in columns),
        extras={name: _column_of(one) for name, one in extras},
        sample=_sample_of(sample),
        shown=_sample_of(shown),
        lines=dict(lines),
        **_wanting_of(*wanting),
    )


def _found_wanting(profile: FileProfile) -> list[Any]:
    """Write what only files with faults or with rules over rows have; of others there is nothing."""
    if not profile.reasons and not profile.incomplete and not profile.row_rules:
        return []
    nulls = [[at, _offences_as_lists(cells)] for at, cells in profile.null_cells.items()]
    rules = [
        [one.failed, one.checked, _offences_as_lists(one.examples), *([one.unanswered] if one.unanswered else [])]
        for one in profile.row_rules
    ]
    return [sorted(profile.reasons.items()), profile.incomplete, nulls, *([rules] if rules else [])]


def _wanting_of(reasons: Any = (), incomplete: int = 0, nulls: Any = (), rules: Any = ()) -> dict[str, Any]:  # noqa: ANN401 - what MessagePack holds
    return {
        "reasons": dict(reasons),
        "incomplete": incomplete,
        "null_cells": {at: _found(cells) for at, cells in nulls},
        "row_rules": tuple(
            RowFigures(failed, checked, _found(examples), *why) for failed, checked, examples, *why in rules
        ),
    }


def _offences_as_lists(offences: tuple[Offence, ...]) -> list[list[Any]]:
    return [[one.split, one.line, one.text, *([one.reason] if one.reason else [])] for one in offences]


def _found(rows: list[list[Any]]) -> tuple[Offence, ...]:
    return tuple(Offence(*row) for row in rows)


def _column(column: ColumnProfile, without: frozenset[str] = _NOTHING) -> list[Any]:
    distinct = column.distinct
    counts = {} if "frequencies" in without else column.frequencies.counts
    return [
        [distinct.size, distinct.full, b"" if "hashes" in without else distinct.hashes.astype("<u8").tobytes()],
        column.physical,
        column.present,
        column.seen,
        column.unparsable,
        column.wrong_type,
        _offences_as_lists(column.unparsable_cells),
        sorted(column.violations.items()),
        [[rule, _offences_as_lists(found)] for rule, found in sorted(column.violating_cells.items())],
        _scalar(column.minimum),
        _scalar(column.maximum),
        column.min_length,
        column.max_length,
        _moments(column.moments),
        None if counts is None else sorted(counts.items()),
        *([column.with_offset] if column.with_offset else []),
    ]


def _column_of(body: list[Any]) -> ColumnProfile:
    (size, full, hashes), physical, present, seen, unparsable, wrong_type, cells, violations, violating = body[:9]
    minimum, maximum, min_length, max_length, moments, counts, *with_offset = body[9:]
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
        with_offset=with_offset[0] if with_offset else 0,
        moments=_moments_of(moments),
        frequencies=Frequencies(None if counts is None else dict(counts)),
    )


class PackedColumn(NamedTuple):
    """What of a column's profile is read without the rest of it."""

    distinct: DistinctSketch
    present: int
    seen: bool
    moments: Moments
    counts: Mapping[str, int] | None


def packed_columns(columns: list[Any]) -> Iterator[PackedColumn]:
    """Read some figures of columns that `body_of` wrote; where hashes were left out, the sketch is empty."""
    for body in columns:
        (size, full, hashes), moments, counts = body[0], body[13], body[14]
        sketch = DistinctSketch(size, np.frombuffer(hashes, "<u8"), full)
        yield PackedColumn(sketch, body[2], body[3], _moments_of(moments), None if counts is None else dict(counts))


def _sample(sample: RowSample | None, options: pa.ipc.IpcWriteOptions) -> list[Any] | None:
    if sample is None:
        return None
    cells = None
    if sample.cells is not None:
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, sample.cells.schema, options=options) as writer:
            writer.write_table(sample.cells.combine_chunks())
        cells = sink.getvalue().to_pybytes()
    # Priorities were drawn again where files were merged; before that they follow from the places.
    follow = np.array_equal(sample.priority, priorities(sample.split, sample.row))
    priority = None if follow else sample.priority.astype("<u8").tobytes()
    return [sample.size, priority, sample.split.astype("<i8").tobytes(), sample.row.astype("<i8").tobytes(), cells]


def _sample_of(body: list[Any] | None) -> RowSample | None:
    if body is None:
        return None
    size, priority, splits, rows, cells = body
    split, row = (np.frombuffer(one, "<i8").astype(np.int64) for one in (splits, rows))
    return RowSample(
        size,
        priorities(split, row) if priority is None else np.frombuffer(priority, "<u8").astype(np.uint64),
        split,
        row,
        None if cells is None else pa.ipc.open_stream(cells).read_all(),
    )


def _of_fine(value: FineMoment) -> list[Any]:
    return [*(_scalar(value.moment) or ()), value.nanoseconds]


def _fine(body: list[Any]) -> FineMoment:
    *moment, nanoseconds = body
    return FineMoment(cast("datetime | time", _scalar_of(moment)), nanoseconds)


#: How a value of each type is written and read.
_TAGS: tuple[tuple[str, type, Callable[[Any], Any], Callable[[Any], Scalar]], ...] = (
    ("datetime", datetime, datetime.isoformat, datetime.fromisoformat),
    ("date", date, date.isoformat, date.fromisoformat),
    ("time", time, time.isoformat, time.fromisoformat),
    ("fine datetime or time", FineMoment, _of_fine, _fine),
    ("duration", Duration, lambda one: str(one.nanoseconds), lambda text: Duration(int(text))),
    ("decimal", Decimal, str, Decimal),
    ("boolean", bool, bool, bool),
    ("integer", int, int, int),
    ("number", float, float, float),
    ("string", str, str, str),
)
_READERS = {tag: read for tag, _, _, read in _TAGS}
_WRITERS = {kind: (tag, write) for tag, kind, write, _ in _TAGS}


def _scalar(value: Scalar | None) -> list[Any] | None:
    if value is None:
        return None
    tag, write = _WRITERS[type(value)]
    return [tag, write(value)]


def _scalar_of(body: list[Any] | None) -> Scalar | None:
    if body is None:
        return None
    tag, value = body
    return _READERS[tag](value)


def _moments(moments: Moments) -> list[Any]:
    return [moments.count, moments.beyond, _fraction(moments.total), _fraction(moments.squares)]


def _moments_of(body: list[Any]) -> Moments:
    count, beyond, total, squares = body
    return Moments(count, _fraction_of(total), _fraction_of(squares), beyond)


def _fraction(number: Fraction) -> list[Any]:
    """Write a fraction of a power of two: its numerator's bytes and the power."""
    numerator = number.numerator
    length = numerator.bit_length() // 8 + 1
    return [numerator.to_bytes(length, "little", signed=True), number.denominator.bit_length() - 1]


def _fraction_of(body: list[Any]) -> Fraction:
    numerator, power = body
    return Fraction(int.from_bytes(numerator, "little", signed=True), 1 << power)
