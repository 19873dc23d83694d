"""A whole text file, local or in S3."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etl_core.errors import TerminalError, UsageError
from etl_core.objects.place import parse_place

if TYPE_CHECKING:
    from datetime import datetime

    from etl_core.objects.store import ObjectStore

#: Bytes of a file that is read as a whole; a list of some millions of objects.
MOST_BYTES = 1024 * 1024 * 1024


def read_text(store: ObjectStore, place: str, what: str) -> tuple[str, datetime | None]:
    """The text at `place` (a path or `s3://bucket/key`) and when it was last modified.

    Args:
        store: reads both kinds of places.
        place: where it is.
        what: what the messages call it.

    Raises:
        UsageError: there is no such file, it may not be read, is too large, or is not UTF-8.
        StorageUnavailableError: the object store did not answer.
    """
    where = parse_place(place)
    try:
        peek = store.peek(where.bucket, where.key)
        size = peek.head.size
        rest = store.read(peek.head, len(peek.data), size - len(peek.data)) if size <= MOST_BYTES else b""
    except TerminalError as error:
        raise UsageError(f"the {what} cannot be read: {error}") from error
    if size > MOST_BYTES:
        raise UsageError(f"the {what} {place} has {size} bytes, at most {MOST_BYTES} are read; split it")
    try:
        return (peek.data + rest).decode("utf-8-sig"), peek.head.last_modified
    except UnicodeDecodeError as error:
        raise UsageError(f"the {what} {place} is not UTF-8 text: byte {error.start} cannot be decoded") from error
