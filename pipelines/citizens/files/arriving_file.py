"""A file that somebody brings: whether it is one, and finished; and its copy, which is whole or none."""

from __future__ import annotations

import hashlib
import os
import stat
import zipfile
from typing import TYPE_CHECKING, Final

from etl_core.log.redaction import one_line
from pipelines.citizens.errors import StillBeingWrittenError, WorkbookRefusedError
from pipelines.citizens.files.file_names import shown_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CHUNK: Final = 1 << 20
#: What Excel keeps beside a workbook that somebody has open.
_OWNER_FILE: Final = "~$"
_ZIPPED: Final = frozenset({".xlsx", ".xlsm", ".xlsb", ".ods"})
_ZIP_MAGIC: Final = b"PK\x03\x04"
#: How a file begins to which a copying program gave its size, and no content yet.
_RESERVED: Final = bytes(len(_ZIP_MAGIC))


def refuse_unfinished(path: Path) -> None:
    """Let whole files pass that nobody writes.

    Raises:
        WorkbookRefusedError: there is none, or what has this name is no file.
        StillBeingWrittenError: it is empty, or cut short, or somebody has it open.
    """
    start, name = _start(path), shown_name(path.name)
    owner = _OWNER_FILE + path.name
    if os.path.exists(path.parent / owner):  # noqa: PTH110 - that of pathlib fails where the name is too long
        raise StillBeingWrittenError(
            f"somebody has {name} open ({shown_name(owner)} is beside it); close it and try again"
        )
    if not start:
        raise StillBeingWrittenError(f"{name} has 0 bytes; it is still being written, or was broken")
    is_begun = _ZIP_MAGIC.startswith(start) or start == _RESERVED
    if path.suffix.lower() in _ZIPPED and is_begun and not zipfile.is_zipfile(path):
        raise StillBeingWrittenError(f"{name} is cut short: it has no end; it is still being copied, or was broken")


def copy_whole(path: Path, part: Path) -> tuple[str, int]:
    """Copy a file, and give its SHA-256 and size in bytes.

    Raises:
        StillBeingWrittenError: it changed, or went away, meanwhile.
    """
    digest, before = hashlib.sha256(), _state(path)
    with part.open("wb") as target:
        for chunk in _chunks(path):
            digest.update(chunk)
            target.write(chunk)
        target.flush()
        os.fsync(target.fileno())
    after, size = _state(path), part.stat().st_size
    if before != after or size != after[0]:
        raise StillBeingWrittenError(
            f"{shown_name(path.name)} changed while it was copied; try again when it is finished"
        )
    return digest.hexdigest(), size


def _start(path: Path) -> bytes:
    """The first bytes of a file; what is none is not opened: a pipe would wait for whoever writes to it."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISREG(mode):
            with path.open("rb") as file:
                return file.read(len(_ZIP_MAGIC))
    except OSError as error:
        raise WorkbookRefusedError(f"{one_line(path)} cannot be read: {error.strerror}; expected a workbook") from error
    what = "a directory" if stat.S_ISDIR(mode) else "not a regular file"
    raise WorkbookRefusedError(f"{one_line(path)} cannot be read: it is {what}; expected a workbook")


def _state(path: Path) -> tuple[int, int]:
    """The size of a file, and when it was written last."""
    try:
        state = path.stat()
    except OSError as error:
        message = f"{shown_name(path.name)} went away while it was copied: {error.strerror}"
        raise StillBeingWrittenError(message) from error
    return state.st_size, state.st_mtime_ns


def _chunks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as source:
            while chunk := source.read(_CHUNK):
                yield chunk
    except OSError as error:
        message = f"{shown_name(path.name)} could not be read to its end: {error.strerror}"
        raise StillBeingWrittenError(message) from error
