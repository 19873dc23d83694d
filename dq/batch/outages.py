"""Whether an object failed by itself, or because the object store is out."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from etl_core.errors import RetryableError
from etl_core.objects.probe import answers

if TYPE_CHECKING:
    from etl_core.objects.store import ObjectStore


class Outages:
    """What is out while one batch is processed; the object store is asked once a bucket, and only when reads fail."""

    def __init__(self, store: ObjectStore) -> None:
        """Ask nobody yet."""
        self._store = store
        self._answers: dict[str, bool] = {}
        self._asking = Lock()

    def explains(self, error: Exception, bucket: str) -> bool:
        """Whether `error`, about an object of `bucket`, is the store's fault: it answers nothing else either."""
        if not isinstance(error, RetryableError):
            return False
        with self._asking:
            if bucket not in self._answers:
                self._answers[bucket] = answers(self._store, bucket)
            return not self._answers[bucket]
