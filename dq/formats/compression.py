"""Compressed files as streams: known by their first bytes, watched for bombs."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import pyarrow as pa

from dq.errors import UnreadableFileError
from dq.formats.byte_source import ByteSource, BytesSource, SourceFile
from dq.formats.limits import Limits

#: A text may well begin with BZh: bzip2 goes on with a digit and the mark of a block or of the end.
_MAGIC = {
    re.compile(rb"\x1f\x8b"): "gzip",
    re.compile(rb"\x28\xb5\x2f\xfd"): "zstd",
    re.compile(rb"BZh[1-9](1AY&SY|\x17rE8P\x90)"): "bz2",
}
_READ_AHEAD = 1024 * 1024


def compression_of(data: bytes) -> str | None:
    """Name the compression a file begins with: gzip, zstd or bz2; None for a plain one."""
    return next((name for magic, name in _MAGIC.items() if magic.match(data)), None)


def expanded(source: ByteSource, compression: str, limits: Limits, piece: int | None = None) -> Iterator[bytes]:
    """Decompress from the beginning, piece by piece; several members one after the other are one file.

    Raises UnreadableFileError for broken data and for a file that expands beyond the limits.
    """
    total = 0
    raw = io.BufferedReader(SourceFile(source), _READ_AHEAD)
    try:
        with pa.CompressedInputStream(pa.PythonFile(raw, "r"), compression) as stream:
            while data := stream.read(piece or limits.block):
                total += len(data)
                if total > limits.free_expansion and total > limits.expansion * source.size:
                    message = (
                        f"the {compression} data expands to more than {limits.expansion} times its size; "
                        "such a file is refused as a decompression bomb"
                    )
                    raise UnreadableFileError(message)
                yield data
    except (OSError, pa.ArrowException) as error:
        message = f"the {compression} data is broken after {total:,} expanded bytes; send the file again"
        raise UnreadableFileError(message) from error


def first_expanded(source: ByteSource, compression: str, limits: Limits, most: int) -> bytes:
    """Decompress the first `most` bytes."""
    return next(expanded(source, compression, limits, most), b"")[:most]


def held(source: ByteSource, compression: str | None, limits: Limits) -> ByteSource:
    """Expand a compressed file that needs random access into memory; a plain one stays where it is."""
    if compression is None:
        return source
    pieces, size = [], 0
    for piece in expanded(source, compression, limits):
        size += len(piece)
        if size > limits.whole:
            message = f"the file expands to more than {limits.whole:,} bytes, the most that is held in memory"
            raise UnreadableFileError(message)
        pieces.append(piece)
    return BytesSource(b"".join(pieces))
