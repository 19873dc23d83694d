"""A range of an object's bytes: what is asked for, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class ObjectRange:
    """Bytes from `start` up to `stop`, of the version of this id, or else of this etag, or else of the newest."""

    bucket: str
    key: str
    start: int
    stop: int
    version_id: str | None = None
    etag: str | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """Bytes of one version of an object. `size` is that of the whole object; the etag is without quotes."""

    data: bytes = field(repr=False)
    size: int
    etag: str | None
    version_id: str | None
    last_modified: datetime | None


def unquoted(etag: str | None) -> str | None:
    """Give an etag without the quotes it has in a header; None for an empty one."""
    return (etag or "").strip('"') or None
