"""An object store with objects that are gone, time out or take the process that reads them down with them.

A module of its own, for Spark's workers import it by name.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pyspark import TaskContext

from etl_core.errors import ObjectGoneError, StorageUnavailableError
from etl_core.objects.store import ObjectStore

if TYPE_CHECKING:
    from etl_core.objects.store import ObjectHead, Peek


class FaultyStore(ObjectStore):
    """The name of a file, or of an object at the first probe, says what befalls its reader."""

    def peek(self, bucket: str | None, key: str, version_id: str | None = None) -> Peek:
        if bucket is not None and "poison" in key and TaskContext.get() is not None:
            os._exit(11)
        return super().peek(bucket, key, version_id)

    def read(self, head: ObjectHead, start: int, length: int) -> bytes:
        if "gone" in head.key:
            raise ObjectGoneError(f"{head.key}: gone")
        if "timeout" in head.key:
            raise StorageUnavailableError(f"{head.key}: no answer")
        if "fault" in head.key:
            raise ZeroDivisionError
        if "poison" in head.key and TaskContext.get() is not None:
            os._exit(11)
        return super().read(head, start, length)
