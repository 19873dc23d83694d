"""Moments of ORC beyond the years that nanoseconds in 64 bits reach, 1677 to 2262: exact, too.

ORC keeps seconds and nanoseconds in two streams, and Arrow reads them as one number or not at all. So a stripe with
such moments is read twice more: once with the type of a number, which gives the seconds, and once with seconds that are
all 0, which gives the nanoseconds. Only columns of the row itself are, of files whose writer counted in UTC, and whose
stripe footers are compressed by what can be expanded without knowing to how much (not LZ4 and LZO).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dq.formats.orc.protobuf import Field, encoded, fields_of, messages_of, number_of
from dq.formats.orc.tail import Stripe, Tail
from dq.profiling.cells.written_moments import EXACT_MOMENTS

#: Fields of a stripe footer, of a stream and of an encoding.
_STREAMS, _ENCODINGS, _TIMEZONE = 1, 2, 3
_KIND, _COLUMN, _LENGTH = 1, 2, 3
#: Kinds of streams: what is in the data part, and which of it are the seconds of a moment.
_DATA, _INDEXES = 1, (6, 7, 8)
#: Encodings of numbers by the first version of ORC; those of the second one have a two in their name.
_FIRST_VERSION = 0
_UTC = (b"", b"UTC", b"GMT", b"Etc/UTC", b"Etc/GMT")
_EPOCH = 1_420_070_400  # 2015-01-01, from which ORC counts seconds
_NONE, _ZLIB, _SNAPPY, _ZSTD = 0, 1, 2, 5
_NANOSECONDS = 1_000_000_000
_MILLISECOND = 1_000_000
_LAST = 0x7F
_MOST_SECONDS = (2**63 - 1) // 1_000_000


@dataclass(frozen=True, slots=True)
class Apart:
    """A stripe as two files: one gives seconds as numbers, the other moments with the nanoseconds, at these places."""

    seconds: pa.Buffer
    nanoseconds: pa.Buffer
    places: tuple[int, ...]


def taken_apart(tail: Tail, stripe: Stripe, data: bytes) -> Apart | None:
    """Take a stripe apart, None where that is not possible; raises ValueError for a stripe footer that is none."""
    places = {column: at for at, column in enumerate(tail.columns()) if tail.is_moment(column)}
    index, length, _ = tail.lengths(stripe)
    written = _expanded(data[index + length :], tail.compression)
    footer = tuple(fields_of(written)) if written is not None else ()
    zone = next((value for number, value, _ in footer if number == _TIMEZONE), b"")
    if not places or written is None or zone not in _UTC:
        return None
    zeros = _with_zeros(tail, stripe, data, footer, places)
    return Apart(
        tail.alone(stripe, data, as_numbers=frozenset(places)),
        tail.alone(stripe, b"".join(zeros), lengths=(0, len(zeros[0]), len(zeros[1]))),
        tuple(places.values()),
    )


def _with_zeros(
    tail: Tail, stripe: Stripe, data: bytes, footer: tuple[Field, ...], moments: Mapping[int, int]
) -> tuple[bytes, bytes]:
    """Write the streams and the footer of a stripe again: its moments have no seconds, and there are no indexes."""
    encodings = [number_of(tuple(fields_of(one)), _KIND) for one in messages_of(footer, _ENCODINGS)]
    pieces, streams, at = [], [], 0
    for message in messages_of(footer, _STREAMS):
        stream = tuple(fields_of(message))
        kind, column, length = (number_of(stream, number) for number in (_KIND, _COLUMN, _LENGTH))
        piece = data[at : at + length]
        at += length
        if kind in _INDEXES:
            continue
        if kind == _DATA and column in moments:
            piece = tail.block(_zeros(stripe.rows, encodings[column]))
        pieces.append(piece)
        body = b"".join(raw for number, _, raw in stream if number != _LENGTH)
        streams.append(encoded(_STREAMS, body + encoded(_LENGTH, len(piece))))
    others = (raw for number, _, raw in footer if number != _STREAMS)
    return b"".join(pieces), tail.block(b"".join((*streams, *others)))


def _zeros(count: int, encoding: int) -> bytes:
    """Write at least so many zeros; nobody reads those that are too many."""
    if encoding == _FIRST_VERSION:  # runs of 130: how many beyond 3, the step, the first number
        return bytes([127, 0, 0]) * (count // 130 + 1)
    return bytes([7, 0]) * (count // 10 + 1)  # runs of 10: how many beyond 3, the number in one byte


def _expanded(blocks: bytes, compression: int) -> bytes | None:
    """Expand blocks, each of which names its length in three bytes; None for a compression that is not known here."""
    if compression == _NONE:
        return blocks
    expand = _EXPAND.get(compression)
    found, at = [], 0
    while at + 3 <= len(blocks):
        head = int.from_bytes(blocks[at : at + 3], "little")
        block = blocks[at + 3 : at + 3 + (head >> 1)]
        at += 3 + (head >> 1)
        if not head & 1 and expand is None:
            return None
        found.append(block if head & 1 or expand is None else expand(block))
    return b"".join(found)


def _inflated(block: bytes) -> bytes:
    try:
        return zlib.decompress(block, -zlib.MAX_WBITS)
    except zlib.error as error:
        raise ValueError("a stripe footer that is damaged") from error


def _of_snappy(block: bytes) -> bytes:
    length = shift = 0
    for byte in block[:5]:
        length |= (byte & _LAST) << shift
        shift += 7
        if byte <= _LAST:
            break
    return bytes(pa.decompress(block, length, "snappy", asbytes=True))


def _of_zstd(block: bytes) -> bytes:
    with pa.CompressedInputStream(pa.BufferReader(block), "zstd") as stream:
        return bytes(stream.read())


_EXPAND: Mapping[int, Callable[[bytes], bytes]] = {_ZLIB: _inflated, _SNAPPY: _of_snappy, _ZSTD: _of_zstd}


def put_together(
    seconds: Iterator[pa.RecordBatch], nanoseconds: Iterator[pa.RecordBatch], places: tuple[int, ...]
) -> Iterator[pa.RecordBatch]:
    """Give batches with exact moments; both readings have the same rows."""
    for batch, other in zip(seconds, nanoseconds, strict=True):
        columns = batch.columns
        for place in places:
            columns[place] = _exact(columns[place], other.column(place))
        yield pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


def _exact(seconds: pa.Array, moments: pa.Array) -> pa.Array:
    whole = _filled(seconds) + _EPOCH
    behind = _filled(moments.cast(pa.timestamp("ns"))) % _NANOSECONDS
    # Before 1970 writers round seconds towards it where there are milliseconds.
    whole -= (whole < 0) & (behind >= _MILLISECOND)
    micros = np.clip(whole, -_MOST_SECONDS, _MOST_SECONDS - 1) * 1_000_000 + behind // 1000
    parts = [pa.array(micros, pa.timestamp("us")), pa.array((behind % 1000).astype(np.int16))]
    return pa.StructArray.from_arrays(parts, fields=list(EXACT_MOMENTS), mask=seconds.is_null())


def _filled(cells: pa.Array) -> npt.NDArray[np.int64]:
    numbers: npt.NDArray[np.int64] = pc.fill_null(pc.cast(cells, pa.int64()), 0).to_numpy(zero_copy_only=False)
    return numbers
