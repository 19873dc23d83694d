"""Text files, local or in S3: read as they go by, or as a whole."""

from __future__ import annotations

import io
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dq.intake.object_file import open_file
from etl_core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from etl_core.objects.store import ObjectStore

#: Bytes of a file that is read as a whole.
MOST_BYTES = 1024 * 1024 * 1024
#: Bytes that one request asks for.
_PIECE = 4 * 1024 * 1024


@contextmanager
def open_text(store: ObjectStore, place: str, what: str) -> Iterator[tuple[io.TextIOWrapper, datetime | None]]:
    """The text at `place` (a path or `s3://bucket/key`), to be read in pieces, and when it was last modified.

    Line breaks are given as they are, a mark of byte order is not.

    Args:
        store: reads both kinds of places.
        place: where it is.
        what: what the messages call it.

    Raises:
        UsageError: there is no such file, it may not be read, or, also from within the block, it is not UTF-8.
        StorageUnavailableError: the object store did not answer.
    """
    opened = open_file(store, place, what)
    buffered = io.BufferedReader(opened.file, _PIECE)
    text = io.TextIOWrapper(buffered, encoding="utf-8-sig", newline="")
    try:
        yield text, opened.last_modified
    except UnicodeDecodeError as error:
        # What was decoded ends where the reader stands; the error counts from the beginning of that.
        byte = buffered.tell() - len(error.object) + error.start
        raise UsageError(f"the {what} {place} is not UTF-8 text: byte {byte} cannot be decoded") from error


def read_text(store: ObjectStore, place: str, what: str) -> tuple[str, datetime | None]:
    """The text at `place` as a whole, and when it was last modified. Arguments and errors are those of `open_text`.

    Raises:
        UsageError: the file is too large, too.
    """
    size = open_file(store, place, what).size
    if size > MOST_BYTES:
        raise UsageError(f"the {what} {place} has {size} bytes, at most {MOST_BYTES} are read; split it")
    with open_text(store, place, what) as (text, modified):
        return text.read(), modified
