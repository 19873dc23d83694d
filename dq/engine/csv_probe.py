"""Which CSV files have quoted line breaks: one cheap look at the lines of all of them, before Spark's CSV reader.

Spark's reader, line by line, keeps half a row of a quoted line break as valid when the number of
fields happens to fit. A physical line with an odd number of quotes tells such files beforehand;
they are read with `multiLine`, one task a file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql import functions as F  # noqa: N812 - the name everybody knows

from dq.engine.parts import FileTask
from dq.engine.spark_paths import literal_paths, same_path, spark_path

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@dataclass(frozen=True, slots=True)
class QuoteProbe:
    """Whether some line has an odd number of quotes, and whether the file as a whole has."""

    quoted_breaks: bool
    open_end: bool


def probe_quotes(spark: SparkSession, tasks: Sequence[FileTask]) -> dict[int, QuoteProbe]:
    """Look at the quotes of CSV files: in one Spark job, and without one for files already at hand."""
    probes = {task.id: _probe_bytes(task) for task in tasks if task.first and not task.layout.compression}
    by_quote: dict[str, list[FileTask]] = {}
    for task in tasks:
        if task.id not in probes:
            by_quote.setdefault(task.layout.dialect.quote, []).append(task)
    frames = []
    for quote, group in by_quote.items():
        lines = literal_paths(spark).text([spark_path(task.head) for task in group])
        count = F.length("value") - F.length(F.replace(F.col("value"), F.lit(quote), F.lit("")))
        frames.append(
            lines.where(F.contains(F.col("value"), F.lit(quote)))
            .select(F.col("_metadata.file_path").alias("path"), count.alias("quotes"))
            .groupBy("path")
            .agg(F.max(F.col("quotes") % 2).alias("odd"), (F.sum("quotes") % 2).alias("open"))
        )
    if not frames:
        return probes
    union = frames[0]
    for frame in frames[1:]:
        union = union.unionAll(frame)
    seen = {same_path(row.path): QuoteProbe(row.odd == 1, row.open == 1) for row in union.collect()}
    none = QuoteProbe(quoted_breaks=False, open_end=False)
    for group in by_quote.values():
        probes |= {task.id: seen.get(same_path(spark_path(task.head)), none) for task in group}
    return probes


def _probe_bytes(task: FileTask) -> QuoteProbe:
    quote = task.layout.dialect.quote.encode()
    odd = any(line.count(quote) % 2 for line in task.first.replace(b"\r", b"\n").split(b"\n"))
    return QuoteProbe(odd, task.first.count(quote) % 2 == 1)
