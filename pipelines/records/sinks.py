"""Tables that good records go to, as a flow sees them; who knows of tables brings them along."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import pyarrow as pa


class TableWriter(Protocol):
    """Writes rows of one task; nobody sees them before they are committed."""

    def add(self, hour: datetime, rows: pa.RecordBatch) -> None:
        """Take in rows of one hour: the selected columns, `_topic`, `_partition` and `_offset`."""

    def close(self) -> Sequence[str]:
        """Write what is left; what `commit` has to know of it."""


class TableSink(Protocol):
    """A table. It travels to tasks."""

    def begin(self, columns: Mapping[str, pa.DataType]) -> Mapping[str, int]:
        """Make the table ready for these columns; how far each partition of each topic is in it, by `app_id`."""

    def writer(self, partition: int) -> TableWriter:
        """What a task writes with."""

    def commit(self, written: Sequence[str], marks: Mapping[str, int], now: datetime) -> int:
        """Add rows to the table, in one version of it with how far partitions are; the version.

        What is committed already is not committed again.
        """


def app_id(flow: str, topic_id: str, partition: int) -> str:
    """The application that a partition is to a table; its version there is the next offset."""
    return f"pipeline-processing/records/{flow}/{topic_id}/{partition}"
