"""Tables of Spark to Parquet, in sessions with the settings of flows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pyspark.sql import Observation
from pyspark.sql import functions as F  # noqa: N812 - the name everybody knows

from pipelines.etl.source.part_files import ROWS_OF_A_PART

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

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


def own_session(spark: SparkSession) -> SparkSession:
    """Give a session with the settings of flows on a running Spark, whose own settings stay."""
    session = spark.newSession()
    for name, value in _SESSION.items():
        session.conf.set(name, value)
    return session


def written(frame: DataFrame, folder: str) -> int:
    """Write a table to a new folder as Parquet; how many rows, counted by the tasks that write them."""
    seen = Observation()
    frame.observe(seen, F.count(F.lit(1)).alias("rows")).write.options(**_FILES).parquet(folder)
    return int(seen.get["rows"])
