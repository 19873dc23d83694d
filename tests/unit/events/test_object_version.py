"""A result never goes back to an older version."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from dq.events.object_version import ObjectVersion, is_older

NOON = datetime(2026, 1, 4, 12, 0, 0, tzinfo=timezone.utc)
LATER = datetime(2026, 1, 4, 12, 0, 1, tzinfo=timezone.utc)


def version(last_modified: datetime | None, sequencer: str | None, key: str = "k") -> ObjectVersion:
    """A version of one bucket."""
    return ObjectVersion("landing", key, last_modified, sequencer)


@pytest.mark.parametrize(
    ("candidate", "standing", "older"),
    [
        (version(NOON, "02"), version(LATER, "01"), True),
        (version(LATER, "01"), version(NOON, "02"), False),
        (version(NOON, "01"), version(NOON, "02"), True),
        (version(NOON, "02"), version(NOON.replace(microsecond=999), "01"), False),
        (version(NOON, "01"), version(NOON, "02", key="other"), False),
        (version(None, "01"), version(NOON, "02"), True),
        (version(NOON, None), version(NOON, "02"), False),
        (version(None, None), version(NOON, "02"), False),
    ],
)
def test_last_modified_decides_then_the_sequencer(
    candidate: ObjectVersion, standing: ObjectVersion, *, older: bool
) -> None:
    """Only what is known to be older is held back."""
    assert is_older(candidate, standing) is older
