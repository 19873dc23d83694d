"""The one shape every announcement ends in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class ObjectEvent:
    """One version of one object was created.

    `key` is decoded (never percent-encoded), `size` is in bytes, `event_time` is an aware UTC
    datetime, `sequencer` is as announced (hexadecimal, comparable for one key only), `source`
    names the dialect: s3, minio, sns, eventbridge, bare, manifest, listing, inventory.
    """

    bucket: str
    key: str
    version_id: str | None = None
    etag: str | None = None
    size: int | None = None
    sequencer: str | None = None
    event_time: datetime | None = None
    source: str = "bare"
