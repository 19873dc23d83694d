"""A store whose bucket holds any number of objects that nobody wrote: it lists them page by page and has no more."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from etl_core.objects.store import ObjectStore

if TYPE_CHECKING:
    from collections.abc import Iterator

START = datetime(2020, 1, 1, tzinfo=timezone.utc)
_PAGE = 1000


def key_of(number: int) -> str:
    """The keys, in the order of their numbers, four of each hour."""
    hour = START + timedelta(hours=number // 4)
    return f"agency/tenant-a/files/trips/{hour:%Y-%m-%d}/{hour:%H}/{number % 4}.csv"


def entry_of(number: int) -> dict[str, Any]:
    """What a listing says of an object, as boto3 gives it."""
    modified = START + timedelta(hours=number // 4, minutes=5)
    return {"Key": key_of(number), "Size": number, "ETag": f'"{number:032x}"', "LastModified": modified}


class PagingStore(ObjectStore):
    """Lists `count` objects in every bucket, whatever the prefix."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self._count = count

    @property
    def s3(self) -> Any:  # noqa: ANN401 - in place of the client
        """Itself: it is asked for pages only."""
        return self

    def get_paginator(self, _name: str) -> PagingStore:
        """As the client does."""
        return self

    def paginate(self, **_: object) -> Iterator[dict[str, Any]]:
        """The pages."""
        for first in range(0, self._count, _PAGE):
            yield {"Contents": [entry_of(number) for number in range(first, min(first + _PAGE, self._count))]}
