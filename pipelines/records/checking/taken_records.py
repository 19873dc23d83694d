"""Records as Spark's source gives them, in the forms that Python and numpy take."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dq import hour_of
from pipelines.records.checking.dead_letter import BESIDE_A_HEADER, size_of
from pipelines.records.kafka.sending import Headers

if TYPE_CHECKING:
    import numpy.typing as npt


class TakenRecords:
    """A batch of Spark's source, as Python and numpy take it."""

    def __init__(self, rows: pa.RecordBatch) -> None:
        """Take them; keys and values become bytes."""
        self.offsets = rows["offset"].to_numpy()
        self.keys: list[bytes | None] = rows["key"].to_pylist()
        self.values: list[bytes | None] = rows["value"].to_pylist()
        self.without_value = np.flatnonzero(rows["value"].is_null().to_numpy(zero_copy_only=False))
        self._headers = rows["headers"]
        self.has_headers = self._headers.null_count < len(self._headers)
        self._timestamps = pc.cast(rows["timestamp"], pa.timestamp("us", "UTC"))

    def headers(self, at: int) -> Headers:
        """The headers of a record."""
        if not self.has_headers:
            return []
        return [(one["key"], one["value"]) for one in self._headers[at].as_py() or ()]

    def sizes_beside(self, *, keyed: bool) -> npt.NDArray[np.int64] | None:
        """Bytes that go along with each value: its headers, and its key unless it gets another; None where none do."""
        if keyed and not self.has_headers:
            return None
        sizes = np.zeros(len(self.keys), np.int64)
        if self.has_headers:
            pairs = self._headers.values
            texts = (pc.fill_null(pc.binary_length(pairs.field(at)), 0) for at in range(2))
            ends = np.cumsum([0, *(sum(one.to_numpy() for one in texts) + BESIDE_A_HEADER)])
            at = self._headers.offsets.to_numpy()
            sizes += ends[at[1:]] - ends[at[:-1]]
        return sizes if keyed else sizes + np.array([len(key or b"") for key in self.keys], np.int64)

    def size_without_value(self, at: int) -> int:
        """Bytes of the key and the headers of a record."""
        return len(self.keys[at] or b"") + size_of(self.headers(at))

    def hours(self, now: datetime) -> Iterator[tuple[datetime, npt.NDArray[np.int64], datetime]]:
        """Where the records that have a value stand, by the hour they were written in, and when the newest was.

        What a client says was written later than now belongs to the present hour.
        """
        written = self._timestamps.view(pa.int64()).to_numpy(zero_copy_only=False)
        written = np.minimum(written, int(now.timestamp() * 1_000_000))
        there = np.ones(len(written), np.bool_)
        there[self.without_value] = False
        hours = written // 3_600_000_000
        for hour in np.unique(hours[there]).tolist():
            places = np.flatnonzero(there & (hours == hour))
            newest = _moment(int(written[places].max()))
            yield hour_of(newest), places, newest


def _moment(microseconds: int) -> datetime:
    seconds, rest = divmod(microseconds, 1_000_000)
    return datetime.fromtimestamp(seconds, timezone.utc).replace(microsecond=rest)
