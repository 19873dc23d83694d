"""What listings tell of wanted keys: what asking for each would tell, in fewer requests, and of others nothing."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from etl_core.errors import UsageError
from etl_core.objects.transfers import wanted_entries
from etl_core.objects.transfers.wanted_entries import list_wanted

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from etl_core.objects.store import ObjectStore

_KEYS = ["a", "a/1", "a/10", "a/2", "a/2/x", "a/ü", "a/\ufffc", "a/\U0001f600", "b+ %", "b-", "b/1", "z"]


def test_of_keys_that_were_asked_for_it_tells_exactly_which_are_there(
    store: ObjectStore, s3: S3Client, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With pages of a few keys and stretches to skip, whatever is wanted and whatever is there."""
    monkeypatch.setattr(wanted_entries, "_KEYS_A_PAGE", 3)
    chance = random.Random(7)
    there = chance.sample(_KEYS, 7)
    for key in there:
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    partly = 0
    for _ in range(12):
        wanted = chance.sample(_KEYS, chance.randint(1, len(_KEYS)))
        found = list_wanted(store, bucket, wanted, page=chance.choice([1, 2, 5]))
        assert set(found.entries) == set(found.asked) & set(there)
        assert found.asked <= set(wanted)
        assert {key for key in _KEYS if found.is_absent(key)} == set(found.asked) - set(there)
        assert all(entry.size == len(key.encode()) for key, entry in found.entries.items())
        partly += 0 < len(found.asked) < len(wanted)
    assert partly, "pages of one key end before all that is wanted was told"


def test_a_stretch_that_holds_nothing_wanted_is_skipped_and_pages_are_no_more_than_they_are_worth(
    store: ObjectStore, s3: S3Client, bucket: str
) -> None:
    for number in range(30):
        s3.put_object(Bucket=bucket, Key=f"k/{number:03}", Body=b"")
    assert list_wanted(store, bucket, ["k/000", "k/029"], page=5).asked == {"k/000"}, "two keys are worth one page"
    wanted = [f"k/{number:03}" for number in (0, 1, 28, 29)] + [f"x/{number}" for number in range(40)]
    assert list_wanted(store, bucket, wanted, page=5).asked >= set(wanted), "two pages and an empty one"
    assert list_wanted(store, bucket, []).asked == frozenset()


def test_a_bucket_that_is_not_there_is_said_to_be_so(store: ObjectStore) -> None:
    with pytest.raises(UsageError, match="no-such-bucket"):
        list_wanted(store, "no-such-bucket", ["a"])
