"""How many rows Spark puts into one Arrow batch, so that a batch has a bounded number of bytes.

Spark 4.1 and later bound the bytes themselves, but measure the batch again for every row of it,
which costs as much as reading a third of the file. Where the length of rows is known beforehand, their
number bounds the bytes as well, in every version of Spark.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pyspark.sql import SparkSession

#: Rows of a batch at most: small next to what is counted at once, large enough for Spark's overhead to vanish.
MOST_ROWS = 16_384
#: Bytes of a batch at most.
MOST_BYTES = 64 * 1024 * 1024
#: Fewer rows than this are left to Spark's own bound, which then costs less than small batches do.
_FEWEST_ROWS = 64
_ROWS = "spark.sql.execution.arrow.maxRecordsPerBatch"
_BYTES = "spark.sql.execution.arrow.maxBytesPerBatch"
#: What Spark takes for "no bound", and measures nothing for.
_UNBOUNDED = 2**31 - 1


def batch_options(longest_rows: Iterable[int | None]) -> dict[str, str]:
    """Choose Spark's options for rows of these lengths, in bytes; None where one is not known."""
    longest = 0
    for length in longest_rows:
        if length is None:
            return {}
        longest = max(longest, length)
    # A byte of Latin-1 can become two of UTF-8.
    rows = min(MOST_ROWS, MOST_BYTES // (2 * max(longest, 1)))
    if rows < _FEWEST_ROWS:
        return {_ROWS: str(_FEWEST_ROWS)}
    return {_ROWS: str(rows), _BYTES: str(_UNBOUNDED)}


@contextmanager
def session_options(spark: SparkSession, options: Mapping[str, str]) -> Iterator[None]:
    """Set options of a session for what is planned within, and put back what was there."""
    before: dict[str, str | None] = {name: spark.conf.get(name, None) for name in options}
    for name, value in options.items():
        spark.conf.set(name, value)
    try:
        yield
    finally:
        for name, old in before.items():
            if old is None:
                spark.conf.unset(name)
            else:
                spark.conf.set(name, old)
