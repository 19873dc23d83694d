"""One gzip file with a unique key: nothing of it can be read apart, and every row has a key to remember."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from tests.bench.inputs import CODES_DEFINITION
from tests.bench.report.figures import Figure
from tests.bench.rounds import measure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.bench import Bench
    from tests.bench.rounds import Measured


def large_gzip(bench: Bench) -> Iterator[Figure]:
    """Seconds and peak memory of the process that counts, and how much of it a quarter of the rows takes, too."""
    rows = bench.sizes.gzip
    whole, quarter = _measured(bench, rows), _measured(bench, rows // 4)
    for name, title, kind in (("local", "threads of one process", "driver"), ("task", "one Spark task", "task")):
        what = f"{rows:,} unique texts in one gzip, {title}"
        peak = whole[name].peak(kind)
        yield Figure(f"gzip/{name}", what, whole[name].seconds)
        yield Figure(f"gzip/{name}-memory", "peak memory of the process that counts", peak, "MiB", must=600)
        more = peak - quarter[name].peak(kind)
        yield Figure(f"gzip/{name}-growth", f"more than for {rows // 4:,} rows", more, "MiB")


def _measured(bench: Bench, rows: int) -> dict[str, Measured]:
    """Processes of their own: what another file has taken is not given back."""
    path = str(bench.inputs.codes_gzip(rows))
    score = {"path": path, "definition": CODES_DEFINITION}
    with ExitStack() as stack:
        local = bench.start(stack, "local_program")
        spark = bench.start(stack, "spark_program", "--master", "local[2]")
        works = {
            "local": partial(local.run, "score", **score),
            "task": partial(spark.run, "score", **score, reader="auto"),
        }
        return measure(works, bench.sizes.few_rounds, warm=bench.sizes.warm)
