"""Batch manifests and files of announcements, local or in S3."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dq.errors import TerminalError, UsageError
from dq.events.manifest_form import parse_manifest
from dq.events.notification import Limits, parse_announcement
from dq.intake.place import parse_place

if TYPE_CHECKING:
    from datetime import datetime

    from dq.engine.object_store import ObjectStore
    from dq.events.announcement import Announcement

#: Bytes of a manifest or a file of announcements; some millions of lines.
MOST_BYTES = 1024 * 1024 * 1024


def read_manifest(store: ObjectStore, place: str) -> Announcement:
    """The objects that the manifest at `place` (a path or `s3://bucket/key`) lists.

    Entries without a time take the manifest's own last-modified: reading the same manifest again announces the
    same, a newer one announces its objects anew.

    Raises:
        UsageError: there is no such file, it is too large, or it is not text.
        StorageUnavailableError: the object store did not answer.
    """
    text, modified = _read_text(store, place, "manifest")
    return parse_manifest(text, written_at=modified)


def read_announcements(store: ObjectStore, place: str) -> Announcement:
    """The announcements of a file: one, a JSON array of them, or JSON Lines.

    Raises:
        UsageError: there is no such file, it is too large, or it is not text.
        StorageUnavailableError: the object store did not answer.
    """
    text, _ = _read_text(store, place, "file of announcements")
    return parse_announcement(text, limits=Limits(most_bytes=MOST_BYTES))


def _read_text(store: ObjectStore, place: str, what: str) -> tuple[str, datetime | None]:
    where = parse_place(place)
    try:
        peek = store.peek(where.bucket, where.key)
        size = peek.head.size
        rest = store.read(peek.head, len(peek.data), size - len(peek.data)) if size <= MOST_BYTES else b""
    except TerminalError as error:
        raise UsageError(f"the {what} cannot be read: {error}") from error
    if size > MOST_BYTES:
        raise UsageError(f"the {what} {place} has {size} bytes, at most {MOST_BYTES} are read; split it")
    data = peek.data + rest
    try:
        return data.decode("utf-8-sig"), peek.head.last_modified
    except UnicodeDecodeError as error:
        raise UsageError(f"the {what} {place} is not UTF-8 text: byte {error.start} cannot be decoded") from error
