"""Records as Spark's source gives them, in the forms that Python and numpy take."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from dq import hour_of
from pipelines.records.checking.dead_letter import size_of
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
        self.has_headers = rows["headers"].null_count < rows.num_rows
        self._headers = [_read_headers(text) for text in rows["headers"].to_pylist()] if self.has_headers else []
        self._timestamps = pc.cast(rows["timestamp"], pa.timestamp("us", "UTC"))

    def headers(self, at: int) -> Headers:
        """The headers of a record."""
        return self._headers[at] if self.has_headers else []

    def sizes_beside(self, *, keyed: bool) -> npt.NDArray[np.int64] | None:
        """Bytes that go along with each value: its headers, and its key unless it gets another; None where none do."""
        if keyed and not self.has_headers:
            return None
        sizes = np.zeros(len(self.keys), np.int64)
        if self.has_headers:
            sizes += np.array(list(map(size_of, self._headers)), np.int64)
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


def _read_headers(text: str | None) -> Headers:
    """Read headers as Spark writes them as JSON: bytes in base64, and nothing of a value that is null."""
    pairs = () if text is None else orjson.loads(text)
    return [(one["key"], base64.b64decode(one["value"]) if "value" in one else None) for one in pairs]


def _moment(microseconds: int) -> datetime:
    seconds, rest = divmod(microseconds, 1_000_000)
    return datetime.fromtimestamp(seconds, timezone.utc).replace(microsecond=rest)
