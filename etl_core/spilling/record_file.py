"""Records in a temporary file that nobody else sees: written once, then read as often as wanted, a piece at a time.

The file has no name, so nothing of it is left however the process ends.
"""

from __future__ import annotations

import struct
import tempfile
from contextlib import suppress
from typing import TYPE_CHECKING

from etl_core.errors import NoTemporarySpaceError

if TYPE_CHECKING:
    from collections.abc import Iterator

_LENGTHS = struct.Struct("<II")
_PIECE = 256 * 1024


class RecordFile:
    """Pairs of byte strings, in the order in which they were added.

    Raises NoTemporarySpaceError where the folder for temporary files takes no more.
    """

    def __init__(self) -> None:
        try:
            self._file = tempfile.TemporaryFile(buffering=_PIECE)  # noqa: SIM115 - closed with this object
        except OSError as error:
            raise _refused(error) from error

    def add(self, key: bytes, value: bytes) -> None:
        """Add a pair at the end."""
        try:
            self._file.write(_LENGTHS.pack(len(key), len(value)))
            self._file.write(key)
            self._file.write(value)
        except OSError as error:
            raise _refused(error) from error

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        """All pairs; nothing may be added meanwhile."""
        try:
            self._file.flush()
        except OSError as error:
            raise _refused(error) from error
        self._file.seek(0)
        while head := self._file.read(_LENGTHS.size):
            key_length, value_length = _LENGTHS.unpack(head)
            yield self._file.read(key_length), self._file.read(value_length)

    def close(self) -> None:
        """Give the disk back."""
        with suppress(OSError):  # of what could not be written nothing is wanted any more
            self._file.close()


def _refused(error: OSError) -> NoTemporarySpaceError:
    return NoTemporarySpaceError(
        f"a temporary file could not be written: {error.strerror}; make room in {tempfile.gettempdir()}, or name"
        " another folder in TMPDIR"
    )
