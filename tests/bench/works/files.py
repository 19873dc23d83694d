"""Files of every format, lane by lane against their peers."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.bench.contestant import Sample, WorkFailedError, our_python, started
from tests.bench.inputs import TRIP_DEFINITION, wide_definition
from tests.bench.object_server import object_server
from tests.bench.programs.batch_program import BUCKET, key_of_object
from tests.bench.programs.deequ_environment import NoDeequError, deequ_python
from tests.bench.report.figures import Figure
from tests.bench.rounds import Measured, measure
from tests.bench.whole_process import check_file, summarize_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.bench.bench import Bench

NOOP = "Spark's bare read"
NOOP_AS_IT_COMES = "bare read of Spark as it comes"
SUMMARIZE = "DuckDB SUMMARIZE"


def narrow_csv(bench: Bench) -> Iterator[Figure]:
    """The CSV of 16 columns: every lane, warm, against every peer on the same file."""
    path = str(bench.inputs.trips_csv(bench.sizes.trips))
    score = {"path": path, "definition": TRIP_DEFINITION}
    local, duckdb = map(bench.program, ("local_program", "duckdb_program"))
    found = measure(
        {
            **_lanes(bench, path, "csv", TRIP_DEFINITION),
            "in process": partial(local.run, "score", **score),
            "SUMMARIZE": partial(duckdb.run, "summarize", path=path),
            "checks in SQL": partial(duckdb.run, "checks", **score),
        },
        bench.sizes.rounds,
        warm=bench.sizes.warm,
    )
    auto, noop, plain = found["byte ranges"], found["noop"], found["noop as it comes"]
    what = f"CSV, {bench.sizes.trips:,} x 16: all checks, full profile, one exact key"
    yield against("csv/auto", f"{what}; byte ranges in Spark tasks", auto, NOOP, noop, must=1.3, aim=0.9)
    yield against("csv/auto-plain", "the same", auto, NOOP_AS_IT_COMES, plain, must=1.3, aim=0.9)
    yield against("csv/auto-duckdb", "the same", auto, SUMMARIZE, found["SUMMARIZE"], must=0.9, aim=0.6)
    readers, work = found["Spark readers"], "the same, Spark's readers"
    yield against("csv/spark", work, readers, NOOP, noop, must=2.2, aim=1.8)
    yield against("csv/spark-plain", work, readers, NOOP_AS_IT_COMES, plain, must=2.2, aim=1.8)
    yield against("csv/local", "the same, threads of one process, no JVM", found["in process"], NOOP, noop)
    yield against("csv/duckdb-checks", "byte ranges; DuckDB does the checks only", auto, "SQL", found["checks in SQL"])
    yield Figure("csv/jobs", "Spark jobs of a batch, byte ranges", auto.told("jobs"), unit="jobs")
    yield Figure(
        "csv/jobs-spark", "Spark jobs of a batch, Spark's readers", found["Spark readers"].told("jobs"), "jobs"
    )
    yield Figure("csv/local-memory", "peak memory of the one process", found["in process"].peak("driver"), unit="MiB")


def cold_csv(bench: Bench) -> Iterator[Figure]:
    """The same file in a new process each time, interpreter and JVM started anew; the file is in the page cache."""
    path = str(bench.inputs.trips_csv(bench.sizes.trips))
    spark = our_python("spark_program")
    found = measure(
        {
            "cold noop": partial(_cold, bench, spark, "noop", path=path, kind="csv", columns=_names(TRIP_DEFINITION)),
            "cold byte ranges": partial(
                _cold, bench, spark, "score", path=path, definition=TRIP_DEFINITION, reader="auto"
            ),
        },
        bench.sizes.few_rounds,
        warm=0,
    )
    work = "the CSV, cold: interpreter, JVM and workers start anew"
    yield against("csv/cold", work, found["cold byte ranges"], NOOP, found["cold noop"])


def memory(bench: Bench) -> Iterator[Figure]:
    """The same file on a cluster of processes, where driver and executors can be told apart."""
    path = str(bench.inputs.trips_csv(bench.sizes.trips))
    with ExitStack() as stack:
        cluster = bench.start(stack, "spark_program", "--master", "local-cluster[2,1,1024]")
        run = partial(cluster.run, "score", path=path, definition=TRIP_DEFINITION, reader="auto")
        found = measure({"on a cluster": run}, bench.sizes.few_rounds, warm=bench.sizes.warm)["on a cluster"]
    yield Figure("memory/task", "peak memory of a task's process", found.peak("task"), "MiB", must=600, aim=400)
    driver = found.peak("driver", "driver JVM")
    yield Figure("memory/driver", "peak memory of the driver: Python and JVM", driver, "MiB", must=1024, aim=700)


def parquet(bench: Bench) -> Iterator[Figure]:
    """The same rows as Parquet."""
    path = str(bench.inputs.trips_parquet(bench.sizes.trips))
    spark, duckdb = map(bench.program, ("spark_program", "duckdb_program"))
    found = measure(
        {
            "noop": partial(spark.run, "noop", path=path, kind="parquet", columns=[]),
            "byte ranges": partial(spark.run, "score", path=path, definition=TRIP_DEFINITION, reader="auto"),
            "SUMMARIZE": partial(duckdb.run, "summarize", path=path),
        },
        bench.sizes.rounds,
        warm=bench.sizes.warm,
    )
    ours, work = found["byte ranges"], "the same rows as Parquet"
    yield against("parquet/auto-duckdb", work, ours, SUMMARIZE, found["SUMMARIZE"], must=0.8, aim=0.4)
    yield against("parquet/auto", work, ours, NOOP, found["noop"])


def wide_csv(bench: Bench) -> Iterator[Figure]:
    """A CSV of many columns."""
    rows, columns = bench.sizes.wide, bench.sizes.wide_columns
    definition = wide_definition(columns)
    path = str(bench.inputs.wide_csv(rows, columns))
    found = measure(_lanes(bench, path, "csv", definition), bench.sizes.rounds, warm=bench.sizes.warm)
    work = f"CSV, {rows:,} x {columns}"
    ours = found["byte ranges"]
    yield against("wide/auto", work, ours, NOOP, found["noop"], must=1.5, aim=1.0)
    yield against("wide/auto-plain", work, ours, NOOP_AS_IT_COMES, found["noop as it comes"], must=1.5, aim=1.0)
    yield against("wide/spark", f"{work}, Spark's readers", found["Spark readers"], NOOP, found["noop"])


def json_lines(bench: Bench) -> Iterator[Figure]:
    """JSON Lines."""
    path = str(bench.inputs.trips_json_lines(bench.sizes.json_lines))
    lanes = _lanes(bench, path, "json", {**TRIP_DEFINITION, "format": "jsonl"})
    found = measure(lanes, bench.sizes.rounds, warm=bench.sizes.warm)
    work = f"JSON Lines, {bench.sizes.json_lines:,} x 16"
    yield against("jsonl/auto", work, found["byte ranges"], NOOP, found["noop"])
    yield against("jsonl/spark", f"{work}, Spark's readers", found["Spark readers"], NOOP, found["noop"])


def small_objects(bench: Bench) -> Iterator[Figure]:
    """Many small objects in one batch, from the ledger to committed verdicts, and from there to silver."""
    count, rows = bench.sizes.objects, bench.sizes.object_rows
    with ExitStack() as stack:
        server = stack.enter_context(object_server(bench.folder / "objects", bench.folder / "tools"))
        bench.notes.append(f"The local S3 was {server.name}.")
        client = server.client()
        client.create_bucket(Bucket=BUCKET)

        def put(number: int) -> None:
            body = bench.inputs.small_csv(number, rows)
            client.put_object(Bucket=BUCKET, Key=key_of_object(number), Body=body)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(put, range(count)))
        arguments = ["--server", json.dumps(asdict(server.address)), "--objects", str(count)]
        batch = bench.start(stack, "batch_program", *arguments)
        found = measure(
            {"noop": partial(batch.run, "noop"), "batch": partial(batch.run, "process")}, bench.sizes.rounds
        )
        lifted = measure({"lift": partial(batch.run, "lift")}, bench.sizes.rounds)["lift"]
        before = server.request_count()
        batch.run("process")
        after = server.request_count()
    ours = found["batch"]
    stages = ", ".join(f"{stage} {ours.told(stage):.1f} s" for stage in ("in the engine", "last writes"))
    work = f"{count:,} objects x {rows} rows on {server.name}, one batch to committed verdicts ({stages})"
    yield against("objects/batch", work, ours, NOOP, found["noop"], must=6, aim=3, bounds_ours=True)
    what = "the same objects to silver and quarantine, one commit of each table"
    yield against("objects/lift", what, lifted, "their verdicts", ours, must=2)
    yield Figure("objects/versions", "versions that both tables get by it", lifted.told("versions"), unit="versions")
    yield Figure("objects/jobs", "Spark jobs of that batch", ours.told("jobs"), unit="jobs")
    if before is not None and after is not None:
        yield Figure("objects/requests", "S3 requests of that batch", after - before, unit="requests")


def one_small_file(bench: Bench) -> Iterator[Figure]:
    """`check_file` on a local file of about 1 MB, as a process of its own."""
    path = bench.inputs.trips_csv(bench.sizes.small_file)
    definition = bench.folder / "trips.json"
    definition.write_text(json.dumps({**TRIP_DEFINITION, "fields": list(TRIP_DEFINITION["fields"])}), encoding="utf-8")
    works: dict[str, Callable[[], Sample]] = {
        "check_file": partial(check_file, path, definition),
        "DuckDB process": partial(summarize_file, path),
    }
    found = measure(works, bench.sizes.rounds, warm=bench.sizes.warm)
    size = path.stat().st_size / 1e6
    yield against(
        "check-file", f"check_file, {size:.1f} MB CSV, whole process", found["check_file"],
        f"a process with {SUMMARIZE}", found["DuckDB process"], must=1.0, aim=0.5, bounds_ours=True,
    )  # fmt: skip


def deequ(bench: Bench) -> Iterator[Figure]:
    """PyDeequ on a smaller CSV, against the bare read of its own Spark; ours on the same file against ours."""
    rows = bench.sizes.deequ
    if not rows:
        return
    try:
        python = deequ_python(bench.folder / "tools")
        yield from _deequ(bench, str(python), str(bench.inputs.trips_csv(rows)), rows)
    except NoDeequError as error:
        bench.notes.append(f"{error}.")
    except WorkFailedError as error:
        bench.notes.append(f"PyDeequ is skipped: its session cannot be started or fails ({error}).")


def _deequ(bench: Bench, python: str, path: str, rows: int) -> Iterator[Figure]:
    arguments = {"path": path, "definition": TRIP_DEFINITION}
    program = [python, "tests/bench/programs/deequ_program.py"]
    with ExitStack() as stack:
        spark = bench.program("spark_program")
        theirs = stack.enter_context(started(program, bench.folder / "deequ_program.log", {"PYTHONPATH": ""}))
        found = measure(
            {
                "their noop": partial(theirs.run, "noop", **arguments),
                "PyDeequ profile": partial(theirs.run, "profile", **arguments),
                "PyDeequ checks": partial(theirs.run, "checks", **arguments),
                "our noop": partial(spark.run, "noop", path=path, kind="csv", columns=_names(TRIP_DEFINITION)),
                "ours": partial(spark.run, "score", **arguments, reader="auto"),
            },
            bench.sizes.few_rounds,
            warm=bench.sizes.warm,
        )
    bare = found["their noop"]
    name = f"bare read of {rows:,} rows"
    yield against("deequ/ours", "ours, checks and profile", found["ours"], name, found["our noop"])
    yield against("deequ/profile", "PyDeequ, profile", found["PyDeequ profile"], name, bare)
    yield against("deequ/checks", "PyDeequ, the same checks without types", found["PyDeequ checks"], name, bare)


def _lanes(bench: Bench, path: str, kind: str, definition: Mapping[str, Any]) -> dict[str, Callable[[], Sample]]:
    """Spark's bare reads of a file, and our lanes through Spark."""
    spark = bench.program("spark_program")
    bare = {"path": path, "kind": kind, "columns": _names(definition)}
    score = {"path": path, "definition": definition}
    return {
        "noop": partial(spark.run, "noop", **bare),
        "noop as it comes": partial(bench.spark_as_it_comes.run, "noop", **bare),
        "byte ranges": partial(spark.run, "score", **score, reader="auto"),
        "Spark readers": partial(spark.run, "score", **score, reader="spark"),
    }


def _cold(bench: Bench, command: list[str], work: str, **arguments: object) -> Sample:
    start = time.perf_counter()
    with started(command, bench.folder / "cold.log") as program:
        sample = program.run(work, **arguments)
        seconds = time.perf_counter() - start
    return Sample(seconds, sample.cpu, sample.peaks, sample.told)


def _names(definition: Mapping[str, Any]) -> list[str]:
    return [one["name"] for one in definition["fields"]]


def against(name: str, work: str, ours: Measured, peer_name: str, peer: Measured, **bounds: Any) -> Figure:  # noqa: ANN401
    """Our seconds against those of a peer in the same rounds."""
    return Figure(
        name,
        work,
        ours.seconds,
        peer_name=peer_name,
        peer=peer.seconds,
        ratio=ours.ratio(peer),
        cpu_ratio=ours.cpu_ratio(peer),
        **bounds,
    )
