"""Batch manifests, local or in S3."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dq.events.manifest_form import parse_manifest
from dq.intake.text_file import read_text

if TYPE_CHECKING:
    from dq.events.announcement import Announcement
    from etl_core.objects.store import ObjectStore


def read_manifest(store: ObjectStore, place: str) -> Announcement:
    """The objects that the manifest at `place` (a path or `s3://bucket/key`) lists.

    Entries without a time take the manifest's own last-modified: reading the same manifest again announces the
    same, a newer one announces its objects anew.

    Raises:
        UsageError: it cannot be read as text.
        StorageUnavailableError: the object store did not answer.
    """
    text, modified = read_text(store, place, "manifest")
    return parse_manifest(text, written_at=modified)
