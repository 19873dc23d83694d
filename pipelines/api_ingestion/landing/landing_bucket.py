"""The bucket in which objects land."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from etl_core.errors import ObjectGoneError
from etl_core.objects.heads import head_of
from etl_core.objects.writing import write_object

if TYPE_CHECKING:
    from etl_core.objects.store import ObjectHead, ObjectStore


@dataclass(frozen=True, slots=True)
class LandingBucket:
    """A bucket, named, of a store."""

    store: ObjectStore
    bucket: str

    def write(self, key: str, data: bytes) -> ObjectHead:
        """Write an object where nothing is: whole or not at all. Raises as `write_object`."""
        return write_object(self.store, self.bucket, key, data, content_type="application/gzip")

    def find(self, key: str) -> ObjectHead | None:
        """Look for an object. Raises as `head_of`."""
        return head_of(self.store, self.bucket, key)

    def read(self, key: str) -> bytes:
        """The content of an object.

        Raises:
            ObjectGoneError: there is none.
            RetryableError: it may not be read, or the store does not answer.
        """
        head = self.find(key)
        if head is None:
            raise ObjectGoneError(f"s3://{self.bucket}/{key}: there is no such object")
        return self.store.read(head, 0, head.size)
