"""Compressed files as streams: known by their first bytes, watched for bombs."""

from __future__ import annotations

import bz2
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping

import pyarrow as pa

from dq.errors import UnreadableFileError
from dq.formats.archive import unzipped
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
    try:
        for data in _STREAMS.get(compression, _by_arrow)(source, compression, piece or limits.block):
            total += len(data)
            if total > limits.free_expansion and total > limits.expansion * source.size:
                message = (
                    f"the {compression} data expands to more than {limits.expansion} times its size; "
                    "such a file is refused as a decompression bomb; send it less compressed, or in parts"
                )
                raise UnreadableFileError(message)
            yield data
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, pa.ArrowException) as error:
        message = f"the {compression} data is broken after {total:,} expanded bytes; send the file again"
        raise UnreadableFileError(message) from error


def _by_arrow(source: ByteSource, compression: str, piece: int) -> Iterator[bytes]:
    raw = io.BufferedReader(SourceFile(source), _READ_AHEAD)
    with pa.CompressedInputStream(pa.PythonFile(raw, "r"), compression) as stream:
        while data := stream.read(piece):
            yield data


def _of_members(source: ByteSource, compression: str, piece: int) -> Iterator[bytes]:
    """Expand gzip or bzip2, member by member; zeros behind the last one are padding, as their own tools take them.

    What was expanded before the data break is given, so that it is known where they do.
    """
    start = _MEMBERS[compression]
    raw = SourceFile(source)
    rest = b""
    while rest or (rest := raw.read(_READ_AHEAD)):
        rest = rest.lstrip(b"\0")
        if not rest:
            continue
        member = start()
        while not member.eof:
            rest = rest or raw.read(_READ_AHEAD)
            if not rest and member.needs_input:
                raise EOFError
            data = member.decompress(rest, piece)
            rest = b""
            if data:
                yield data
        rest = member.unused_data


class _Gzip:
    """One member of a gzip file, with the interface of `bz2.BZ2Decompressor`."""

    def __init__(self) -> None:
        """Expect a gzip header."""
        self._inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)

    def decompress(self, data: bytes, most: int) -> bytes:
        """Expand at most `most` bytes; what is left of `data` is kept."""
        return self._inflater.decompress(self._inflater.unconsumed_tail + data, most)

    @property
    def eof(self) -> bool:
        """The end of the member was reached."""
        return self._inflater.eof

    @property
    def needs_input(self) -> bool:
        """Nothing is left of what was given."""
        return not self._inflater.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        """What stands behind the member."""
        return self._inflater.unused_data


#: How members of each compression are expanded.
_MEMBERS: Mapping[str, Callable[[], _Gzip | bz2.BZ2Decompressor]] = {"gzip": _Gzip, "bz2": bz2.BZ2Decompressor}
_STREAMS: Mapping[str, Callable[[ByteSource, str, int], Iterator[bytes]]] = {
    "gzip": _of_members,
    "bz2": _of_members,
    "zip": lambda source, _compression, piece: unzipped(source, piece),
}


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
            most = f"{limits.whole:,} bytes, the most that is held in memory"
            message = f"the file expands to more than {most}; send it in parts"
            raise UnreadableFileError(message)
        pieces.append(piece)
    return BytesSource(b"".join(pieces))
