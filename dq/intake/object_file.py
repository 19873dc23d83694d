"""A file, local or in S3, opened to be read in pieces; it is one version of it from the first byte to the last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dq.formats.byte_source import SourceFile
from etl_core.errors import TerminalError, UsageError
from etl_core.objects.failures import ObjectRefusedError
from etl_core.objects.place import parse_place

if TYPE_CHECKING:
    from datetime import datetime

    from etl_core.objects.store import ObjectHead, ObjectStore, Peek


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """What is read, in bytes and from any place, and when that was last modified, aware where it is known."""

    file: SourceFile
    size: int
    last_modified: datetime | None


def open_file(store: ObjectStore, place: str, what: str) -> OpenedFile:
    """Open the file at `place` (a path or `s3://bucket/key`), which messages call `what`.

    Raises:
        UsageError: there is no such file, or it may not be read; so says each read, too, once it was overwritten.
        StorageUnavailableError: the object store did not answer.
    """
    where = parse_place(place)
    try:
        peek = store.peek(where.bucket, where.key)
    except (TerminalError, ObjectRefusedError) as error:
        raise UsageError(f"the {what} cannot be read: {error}") from error
    return OpenedFile(SourceFile(_Pinned(store, peek, what)), peek.head.size, peek.head.last_modified)


class _Pinned:
    """The bytes of the version that was looked at; the first ones are at hand."""

    def __init__(self, store: ObjectStore, peek: Peek, what: str) -> None:
        self._store, self._what = store, what
        self._head: ObjectHead = peek.head
        self._first = peek.data

    @property
    def size(self) -> int:
        """Size in bytes."""
        return self._head.size

    def read(self, start: int, length: int) -> bytes:
        """Read a range."""
        if min(start + length, self.size) <= len(self._first):
            return self._first[start : start + length]
        try:
            return self._store.read(self._head, start, length)
        except (TerminalError, ObjectRefusedError) as error:
            raise UsageError(f"the {self._what} cannot be read to its end: {error}") from error
