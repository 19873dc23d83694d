"""Files that appear under their names when they are whole, also where several processes write to one folder.

A part is locked while it is written, and the lock ends with its process: so the halves that crashes left are known from
those that somebody is about to finish.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from pipelines.citizens.errors import FolderRefusedError, NoSpaceError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PARTS: Final = ".part-"


@contextmanager
def part_file(folder: Path) -> Iterator[Path]:
    """An empty file to be written and then moved to its name; taken away in the end where it was not.

    Raises:
        NoSpaceError: the disk is full.
        FolderRefusedError: the folder cannot be made, or written, for another reason.
    """
    with _named_failures(folder):
        folder.mkdir(parents=True, exist_ok=True)
        part, lock = _locked(folder)
        try:
            yield part
        finally:
            os.close(lock)
            part.unlink(missing_ok=True)


def sweep_parts(folder: Path) -> None:
    """Take away the halves that crashes left in a folder, and none that somebody is writing."""
    for part in folder.glob(f"{_PARTS}*"):
        with suppress(OSError):  # somebody else took it away, or is at work on it
            opened = os.open(part, os.O_RDONLY)
            try:
                fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
                part.unlink()
            finally:
                os.close(opened)


def _locked(folder: Path) -> tuple[Path, int]:
    """Make a file, for whom the umask allows, and lock it; once more where a sweep came between the two."""
    while True:
        part = folder / f"{_PARTS}{secrets.token_hex(8)}"
        lock = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.fstat(lock).st_nlink:
            return part, lock
        os.close(lock)


@contextmanager
def _named_failures(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else type(error).__name__
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            message = f"{folder} could not be written: {reason}; make room on that disk and run again"
            raise NoSpaceError(message) from error
        advice = "let this user write there, or name another CITIZENS_ROOT"
        raise FolderRefusedError(f"{folder} could not be written: {reason}; {advice}") from error
