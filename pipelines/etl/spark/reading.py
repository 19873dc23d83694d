"""The rows of a flow's query, by Spark's JDBC reader, to Parquet."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pyspark.sql import Observation
from pyspark.sql import functions as F  # noqa: N812 - the name everybody knows

from pipelines.etl.source.snapshot import ROW_HASH, Extent, Snapshot
from pipelines.etl.spark.failures import named_spark_failures

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

    from pipelines.etl.flow.flow import Flow
    from pipelines.etl.source.address import JdbcAddress

#: Rows of a file at most, which is what a task of the next step gets. No range is read apart for fewer rows, where
#: nothing is said of partitions: each asks the whole query again, and what it cannot find by an index it scans.
ROWS_OF_A_PART: Final = 250_000
_MOST_PARTS: Final = 64
#: Rows that travel at once.
_FETCHED: Final = 10_000
#: How long a task waits for a lock in the source, and for its rows, in milliseconds.
_WAITS: Final = {"lock_timeout": "30000", "statement_timeout": "7200000"}
#: What every reader of these files understands, whatever kind of session runs already.
_SESSION: Final = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
}
#: Tasks move their files to where they belong themselves: the folder is this attempt's, and nobody reads it before
#: the ledger names it.
_FILES: Final = {
    "mapreduce.fileoutputcommitter.algorithm.version": "2",
    "compression": "zstd",
    "maxRecordsPerFile": str(ROWS_OF_A_PART),
}


class Written(NamedTuple):
    """What was written, counted by the tasks that wrote it."""

    rows: int
    hashes: int


def own_session(spark: SparkSession) -> SparkSession:
    """Give a session with the settings of flows on a running Spark, whose own settings stay."""
    session = spark.newSession()
    for name, value in _SESSION.items():
        session.conf.set(name, value)
    return session


def extract_rows(
    spark: SparkSession, flow: Flow, address: JdbcAddress, snapshot: Snapshot, extent: Extent, folder: str
) -> Written:
    """Read the rows of a snapshot, and write them to a folder that nobody wrote to before.

    Args:
        spark: the session.
        flow: whose query it is.
        address: of the source.
        snapshot: of the same source.
        extent: of the query's rows.
        folder: as Spark calls it.

    Raises:
        DatabaseUnavailableError, StorageUnavailableError: the source, or the folder, is away.
        TerminalError: the source refuses the query.
    """
    query = flow.source.query.for_jdbc
    hashed = f"SELECT q.*, hashtextextended(q::text, 0) AS {ROW_HASH} FROM (\n{query}\n) AS q"  # noqa: S608 - the flow's own query
    options = {
        "url": address.url,
        **address.properties,
        "driver": "org.postgresql.Driver",
        "dbtable": f"({hashed}) AS extracted",
        "sessionInitStatement": _beginning(snapshot),
        "fetchsize": str(_FETCHED),  # more than nothing: so the driver begins a transaction, which has the settings
        "preferTimestampNTZ": "true",
        **_ranges(flow, extent, spark.sparkContext.defaultParallelism),
    }
    with named_spark_failures(f"reading the source of {flow.name}"):
        frame = own_session(spark).read.format("jdbc").options(**options).load()
        return written(frame, folder, F.sum(F.col(ROW_HASH).cast("decimal(38,0)")))


def written(frame: DataFrame, folder: str, hashes: Column | None = None) -> Written:
    """Write a table to a new folder as Parquet, and count what is written; `hashes` is added up beside the rows."""
    seen = Observation()
    counts = [F.count(F.lit(1)).alias("rows"), *(() if hashes is None else (hashes.alias("hashes"),))]
    frame.observe(seen, *counts).write.options(**_FILES).parquet(folder)
    found = seen.get
    return Written(int(found["rows"]), int(found.get("hashes") or 0))


def _beginning(snapshot: Snapshot) -> str:
    """Begin the transaction of a task: it sees what the snapshot shows, and changes nothing.

    All values are ours: moments, and what the source called its snapshot.
    """
    settings = {**snapshot.session_settings(), **_WAITS}
    values = ", ".join(f"set_config('{name}', '{value}', true)" for name, value in settings.items())
    return (
        f"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY; SET TRANSACTION SNAPSHOT '{snapshot.id}';"
        f" SELECT {values}"
    )


def _ranges(flow: Flow, extent: Extent, at_once: int) -> dict[str, str]:
    """Say which ranges are read apart: as many as tasks run at once; none where one task reads all."""
    parts = flow.source.partitions or min(-(-extent.rows // ROWS_OF_A_PART), at_once, _MOST_PARTS)
    if flow.source.partition_on is None or extent.least is None or parts < 2:  # noqa: PLR2004 - as many as there are
        return {}
    beyond = extent.greatest + (timedelta(days=1) if isinstance(extent.greatest, date) else 1)
    return {
        "partitionColumn": flow.source.partition_on,
        "lowerBound": _bound(extent.least),
        "upperBound": _bound(beyond),
        "numPartitions": str(parts),
    }


def _bound(value: Any) -> str:  # noqa: ANN401 - a number, a day or a moment
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    return value.isoformat() if isinstance(value, date) else str(int(value))
