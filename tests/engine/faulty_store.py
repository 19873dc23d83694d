"""An object store with objects that are gone, time out or take the process that reads them down with them.

A module of its own, for Spark's workers import it by name.
"""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

from pyspark import TaskContext

from etl_core.errors import ObjectGoneError, StorageUnavailableError
from etl_core.objects.store import ObjectStore

if TYPE_CHECKING:
    from etl_core.objects.store import ObjectHead, Peek


def _befall(name: str) -> None:
    """What a file does to the worker that reads it."""
    if "poison" in name:
        os._exit(11)
    if "hanging" in name:
        if signal.getitimer(signal.ITIMER_REAL)[0] > 0:  # whoever set a time for this read: it is over soon
            signal.setitimer(signal.ITIMER_REAL, 0.1)
        time.sleep(600)
    if "glutton" in name:
        bytearray(6 * 1024**3)


class FaultyStore(ObjectStore):
    """The name of a file, or of an object at the first probe, says what befalls its reader."""

    def peek(self, bucket: str | None, key: str, version_id: str | None = None) -> Peek:
        if bucket is not None and TaskContext.get() is not None:
            _befall(key)
        return super().peek(bucket, key, version_id)

    def read(self, head: ObjectHead, start: int, length: int) -> bytes:
        if "gone" in head.key:
            raise ObjectGoneError(f"{head.key}: gone")
        if "timeout" in head.key:
            raise StorageUnavailableError(f"{head.key}: no answer")
        if "fault" in head.key:
            raise ZeroDivisionError
        if TaskContext.get() is not None:
            _befall(head.key)
        return super().read(head, start, length)
