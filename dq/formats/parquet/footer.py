"""The footer of a Parquet file: there, whole, and such that what it says can be asked for."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import pyarrow as pa
import pyarrow.parquet as pq

from dq.errors import UnreadableFileError
from dq.formats.byte_source import ByteSource, SourceFile
from dq.formats.typed.faults import named

_FOOTER = 8
_MAGIC = b"PAR1"
_ENCRYPTED = b"PARE"


def open_parquet(source: ByteSource) -> pq.ParquetFile:
    """Open a Parquet file by its footer; raises UnreadableFileError for anything else."""
    tail = source.read(max(source.size - _FOOTER, 0), _FOOTER)
    if tail[-4:] == _ENCRYPTED:
        message = "the Parquet file is encrypted; send it in the clear"
        raise UnreadableFileError(message)
    if tail[-4:] != _MAGIC or source.size < _FOOTER + len(_MAGIC):
        message = "the file is no complete Parquet file: its last bytes are not the footer's mark PAR1; send it again"
        raise UnreadableFileError(message)
    if int.from_bytes(tail[:4], "little") > source.size - _FOOTER:
        message = "the Parquet footer claims to be longer than the file; send it again"
        raise UnreadableFileError(message)
    with named("the Parquet footer cannot be read"):
        return pq.ParquetFile(pa.PythonFile(SourceFile(source), "r"), pre_buffer=False, memory_map=False)


class _AskedForDataError(Exception):
    """The reader has gone through the metadata and wants to read."""


class _NoData:
    """A file of which nothing is to be read."""

    size = 1 << 62

    def read(self, start: int, length: int) -> bytes:
        raise _AskedForDataError(start, length)


def refuse_unsound(metadata: pq.FileMetaData, groups: Sequence[int]) -> None:
    """Raise what is wrong with the metadata of the columns in these row groups, without reading any.

    To be called before `row_group` and `column`: where Arrow finds metadata wrong, those end the whole process, for
    they do not expect the exception. Its reader does, and looks at all of it before it fetches the first byte.
    """
    reader = pq.ParquetFile(pa.PythonFile(SourceFile(_NoData()), "r"), metadata=metadata, pre_buffer=True)
    with suppress(_AskedForDataError):
        reader.read_row_groups(list(groups), use_threads=False)
