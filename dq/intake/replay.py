"""Files of announcements, local or in S3: what arrived once, or what a test wants to arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dq.events.notification import AnnouncementLimits, parse_announcement
from dq.intake.text_file import MOST_BYTES, read_text

if TYPE_CHECKING:
    from dq.events.announcement import Announcement
    from etl_core.objects.store import ObjectStore


def read_announcements(store: ObjectStore, place: str) -> Announcement:
    """The announcements of the file at `place`: one, a JSON array of them, or JSON Lines.

    Those without a time keep none: replayed again they are the same announcements.

    Raises:
        UsageError: it cannot be read as text.
        StorageUnavailableError: the object store did not answer.
    """
    text, _ = read_text(store, place, "file of announcements")
    return parse_announcement(text, limits=AnnouncementLimits(most_bytes=MOST_BYTES))
