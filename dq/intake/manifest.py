"""Batch manifests, local or in S3."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dq.events.manifests.form import read_entries
from dq.intake.text_file import open_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dq.events.announcement import Part
    from etl_core.objects.store import ObjectStore


def read_manifest(store: ObjectStore, place: str) -> Iterator[Part]:
    """The objects that the manifest at `place` (a path or `s3://bucket/key`) lists, as they are read.

    Entries without a time take the manifest's own last-modified: reading the same manifest again announces the
    same, a newer one announces its objects anew.

    Raises:
        UsageError: it cannot be read as text, or not to its end.
        StorageUnavailableError: the object store did not answer.
    """
    with open_text(store, place, "manifest") as (text, modified):
        yield from read_entries(text, written_at=modified)
