"""Which rows: verdicts on tables of PySpark, and finding the rows that fail."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from tests.bench.inputs import STRICT_TRIP_DEFINITION, TRIP_DEFINITION
from tests.bench.report.figures import Figure
from tests.bench.rounds import measure
from tests.bench.works.files import against

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.bench import Bench

_BAD = "1 % of the rows fail"


def frames(bench: Bench) -> Iterator[Figure]:
    """`check_frame` of what Spark reads from a Parquet file, against byte ranges of that file."""
    path, rows = str(bench.inputs.trips_parquet(bench.sizes.trips)), bench.sizes.trips
    spark = bench.program("spark_program")
    found = measure(
        {
            "byte ranges": partial(spark.run, "score", path=path, definition=TRIP_DEFINITION, reader="auto"),
            "file": partial(spark.run, "check_frame", path=path, definition=TRIP_DEFINITION, condition=None),
            "computed": partial(spark.run, "check_frame", path=path, definition=TRIP_DEFINITION, condition="id >= 0"),
        },
        bench.sizes.rounds,
        warm=bench.sizes.warm,
    )
    work = f"check_frame of spark.read.parquet, {rows:,} x 16"
    yield against("frames/check", work, found["file"], "byte ranges", found["byte ranges"], must=1.3)
    work = "the same with a condition on its rows, so that Spark has to read it"
    yield against("frames/computed", work, found["computed"], "byte ranges", found["byte ranges"])


def findings(bench: Bench) -> Iterator[Figure]:
    """Findings beside counting, on one thread and from the same batches in memory; a key is among the rules."""
    local, rows = bench.program("local_program"), bench.sizes.findings
    files = {"CSV": bench.inputs.trips_csv(rows), "Parquet": bench.inputs.trips_parquet(rows)}
    for kind, path in files.items():
        arguments = {"path": str(path), "definition": STRICT_TRIP_DEFINITION}
        works = {name: partial(local.run, name, **arguments) for name in ("count", "find")}
        found = measure(works, bench.sizes.rounds, warm=bench.sizes.warm)
        work = f"findings of {rows:,} rows of a {kind}, {_BAD}"
        yield against(f"rows/findings-{kind.lower()}", work, found["find"], "counting", found["count"], must=0.4)


def rows_memory(bench: Bench) -> Iterator[Figure]:
    """Memory of whoever finds the rows: of tasks of PySpark's tables, and of the process of `check_file --rows`."""
    rows, rounds = bench.sizes.trips, bench.sizes.few_rounds
    what = f"{rows:,} x 16, {_BAD}"
    with ExitStack() as stack:
        cluster = bench.start(stack, "spark_program", "--master", "local-cluster[2,1,1024]")
        path = str(bench.inputs.trips_parquet(rows))
        run = partial(cluster.run, "split", path=path, definition=STRICT_TRIP_DEFINITION)
        split = measure({"split_rows": run}, rounds, warm=bench.sizes.warm)["split_rows"]
    work = f"split_rows of spark.read.parquet, {what}: peak memory of a task's process"
    yield Figure("rows/split-memory", work, split.peak("task"), "MiB", must=600)
    with ExitStack() as stack:
        local = bench.start(stack, "local_program")  # one that holds nothing yet
        path = str(bench.inputs.trips_csv(rows))
        run = partial(local.run, "rows", path=path, definition=STRICT_TRIP_DEFINITION)
        file = measure({"rows": run}, rounds, warm=bench.sizes.warm)["rows"]
    work = f"the failing rows of the CSV, {what}: peak memory of the one process"
    yield Figure("rows/file-memory", work, file.peak("driver"), "MiB", must=600)
