"""An object store with objects that are gone, time out or take the process that reads them down with them.

A module of its own, for Spark's workers import it by name.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pyspark import TaskContext

from dq.engine.object_store import ObjectStore
from dq.errors import ObjectGoneError, StorageUnavailableError

if TYPE_CHECKING:
    from dq.engine.object_store import ObjectHead


class FaultyStore(ObjectStore):
    """Reads local files; the name of a file says what befalls its reader."""

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
