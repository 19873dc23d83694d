"""Spark's classes as the JVM keeps them once loaded: a local session maps them in and need not load them one by one.

A third of what the processor does for a short job is the JVM reading, checking and linking some 20,000 classes of
Spark's jars, the same ones each time. Java's class data sharing keeps them in a file (JEP 350, "Dynamic CDS Archives"):
`python -m etl_core.spark.class_archive` makes it, unless it is there, by a piece of each kind of work. It holds
classes of PySpark's own jars; those of `spark.jars` have a loader of their own, whose classes Java does not keep.

The JVM itself checks that the file was made by the same Java from the same jars. Where it was not, or where there is
none, everything works, and starts as slowly as without.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession

from etl_core.errors import SettingsError
from etl_core.spark.jars import beside_the_jars, java, spark_home

#: A file that does not fit is not worth a word on a job's stdout.
_SILENT = "-Xlog:cds=off -Xlog:cds+dynamic=off"


def archive_options() -> str:
    """The JVM's options for a start from the file; empty where there is no file."""
    archive = _archive()
    return f"-XX:SharedArchiveFile={archive} -Xshare:auto {_SILENT}" if archive.is_file() else ""


def is_current() -> bool:
    """Whether the file was made by this Java from these jars."""
    return _archive().is_file() and _makers_note().is_file() and _makers_note().read_text(encoding="utf-8") == _makers()


def make_archive() -> None:
    """Work in a JVM that writes the file when it ends, then put the file in its place.

    Raises:
        SettingsError: the work failed, or the disk is full; an older file is as it was.
    """
    _archive().parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_archive().parent) as scratch:
        made = Path(scratch) / _archive().name
        options = {"SPARK_SUBMIT_OPTS": f"-XX:TieredStopAtLevel=1 -XX:ArchiveClassesAtExit={made} {_SILENT}"}
        python = {"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
        work = [sys.executable, "-m", "etl_core.spark.class_archive", "work", f"{scratch}/data"]
        done = subprocess.run(work, env=os.environ | options | python, check=False, capture_output=True, text=True)  # noqa: S603 - this module
        if done.returncode or not made.is_file():  # Java removes what it could not write to the end
            said = (done.stderr.strip().splitlines() or ["the JVM wrote no file; is the disk full?"])[-1]
            raise SettingsError(f"Spark's classes in {_archive()}", [said])
        made.replace(_archive())
    _makers_note().write_text(_makers(), encoding="utf-8")


def _archive() -> Path:
    return beside_the_jars() / "classes.jsa"


def _makers_note() -> Path:
    return _archive().with_suffix(".made-by")


def _makers() -> str:
    """What the JVM compares, as far as one sees it from outside: the Java, and where the jars are and of which day."""
    version = subprocess.run([java(), "-version"], check=True, capture_output=True, text=True).stderr  # noqa: S603 - Java
    jars = sorted((spark_home() / "jars").glob("*.jar"))
    return version + "".join(f"{jar} {jar.stat().st_mtime_ns}\n" for jar in jars)


def _work(folder: str) -> None:
    """A piece of each kind of work: tables by every reader, plans of SQL, Python workers, a stream."""
    session = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
    rows = session.createDataFrame([(n, f"text {n}", n / 3) for n in range(100)], "n long, t string, x double")
    for name in ("csv", "json", "parquet", "orc"):
        _written_and_read(rows, name, f"{folder}/{name}").groupBy("t").count().collect()
    rows.createOrReplaceTempView("rows")
    session.sql("SELECT a.t, sum(b.x) OVER (PARTITION BY b.n) FROM rows a JOIN rows b USING (n) ORDER BY 1").collect()
    rows.mapInArrow(lambda batches: batches, rows.schema).collect()
    session.sparkContext.parallelize(range(4), 2).mapPartitions(lambda part: part).collect()
    stream = session.readStream.schema(rows.schema).json(f"{folder}/json")
    query = stream.writeStream.foreachBatch(_counted).trigger(availableNow=True)
    query.option("checkpointLocation", f"{folder}/checkpoint").start().awaitTermination()
    gateway = session.sparkContext._gateway  # noqa: SLF001 - PySpark names its JVM in no other way
    session.stop()
    assert gateway is not None  # noqa: S101 - the session had one
    gateway.shutdown()
    gateway.proc.stdin.close()
    sys.exit(gateway.proc.wait())


def _counted(batch: DataFrame, _: int) -> None:
    batch.count()


def _written_and_read(rows: DataFrame, name: str, path: str) -> DataFrame:
    rows.write.format(name).save(path)
    return rows.sparkSession.read.schema(rows.schema).format(name).load(path)


if __name__ == "__main__":
    if sys.argv[1:2] == ["work"]:
        _work(sys.argv[2])
    elif not is_current():
        print(f"keeping Spark's classes as Java has them once loaded in {_archive()} (once)", flush=True)  # noqa: T201 - a command for people
        try:
            make_archive()
        except (SettingsError, OSError) as problem:
            print(f"{problem}\nSpark works without it and takes some seconds longer to start", file=sys.stderr)  # noqa: T201 - as above
