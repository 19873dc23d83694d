"""Zip archives: one that holds a single file is read as that file is; a workbook is an archive, too."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from dq.errors import UnreadableFileError
from dq.formats.byte_source import ByteSource, SourceFile

MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
#: A member of this name, or below such a folder, is there in every workbook.
_OF_WORKBOOKS = ("[content_types].xml", "mimetype", "content.xml", "xl/", "word/", "ppt/", "index.zip", "index/")
_MOST_LISTED = 5
#: What systems leave beside files.
_BESIDE = re.compile(r"(^|/)(__macosx/.*|\.ds_store|thumbs\.db|desktop\.ini)$")
#: The record at the end of an archive, and the most bytes that its list of files may have: each entry takes ten times
#: as many in memory.
_END, _END_LENGTH, _LONGEST_COMMENT, _MOST_LISTING = b"PK\x05\x06", 22, 65535, 8 * 1024 * 1024


def is_archive(first: bytes) -> bool:
    """Tell whether a file begins as a zip archive does, a workbook among them."""
    return first.startswith(MAGIC)


def files_of(source: ByteSource) -> list[str] | None:
    """Name the files in an archive, None for a workbook; raises UnreadableFileError for an archive that is broken."""
    with _opened(source) as archive:
        if any(_folded(name).startswith(_OF_WORKBOOKS) for name in archive.namelist()):
            return None
        return [one.filename for one in _files(archive)]


def refuse_many(names: Sequence[str]) -> None:
    """Refuse an archive of several files, or of none, and say which they are."""
    if not names:
        raise UnreadableFileError("the file is a zip archive without any file in it; expected one file")
    listed = ", ".join(repr(name) for name in names[:_MOST_LISTED])
    more = f" and {len(names) - _MOST_LISTED:,} more" if len(names) > _MOST_LISTED else ""
    message = (
        f"the file is a zip archive of {len(names):,} files: {listed}{more}; send each alone, or in its own archive"
    )
    raise UnreadableFileError(message)


def unzipped(source: ByteSource, piece: int) -> Iterator[bytes]:
    """Give the bytes of the only file, piece by piece; raises UnreadableFileError for a broken or protected one."""
    with _opened(source) as archive:
        (member,) = _files(archive)
        if member.flag_bits & 1:
            raise UnreadableFileError("the zip archive is protected by a password; send it without one")
        with archive.open(member) as stream:
            while data := stream.read(piece):
                yield data


@contextmanager
def _opened(source: ByteSource) -> Iterator[zipfile.ZipFile]:
    _refuse_endless(source)
    try:
        with zipfile.ZipFile(SourceFile(source)) as archive:
            yield archive
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, RuntimeError, ValueError) as error:
        if isinstance(error, UnreadableFileError):
            raise
        message = f"the zip archive cannot be read ({type(error).__name__}); send the file again"
        raise UnreadableFileError(message) from error


def _refuse_endless(source: ByteSource) -> None:
    """Refuse an archive whose list of files would fill the memory; raises UnreadableFileError."""
    length = min(source.size, _END_LENGTH + _LONGEST_COMMENT)
    tail = source.read(source.size - length, length)
    at = tail.rfind(_END)
    if at >= 0 and len(tail) - at >= _END_LENGTH and int.from_bytes(tail[at + 12 : at + 16], "little") > _MOST_LISTING:
        message = f"the list of files in the zip archive has more than {_MOST_LISTING:,} bytes; expected one file"
        raise UnreadableFileError(message)


def _files(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """List the files, without folders and what systems leave beside them."""
    return [one for one in archive.infolist() if not one.is_dir() and not _BESIDE.search(_folded(one.filename))]


def _folded(name: str) -> str:
    return name.replace("\\", "/").lower()
