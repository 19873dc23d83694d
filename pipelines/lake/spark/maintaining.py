"""Tables are kept in order: the many small files of past days are put together, what no version needs is deleted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from etl_core.errors import UsageError
from etl_core.retry import call_again
from pipelines.lake.errors import CommitConflictError
from pipelines.lake.schema.system_columns import RUN_DATE
from pipelines.lake.spark.conflicts import named_conflicts
from pipelines.lake.tables.delta_log import latest_version
from pipelines.lake.tables.replace_runs import BACKOFF, MOST_ATTEMPTS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from pipelines.lake.files.table_folder import TableFolder

#: Delta's own; readers that started earlier, and attempts that have not been committed yet, lose their files.
SHORTEST_RETENTION = timedelta(hours=168)


@dataclass(frozen=True, slots=True)
class Maintained:
    """What was done: so many files of the table were put together into so many; the version that the table has then."""

    compacted_from: int
    compacted_to: int
    version: int


def maintain(
    session: SparkSession, folder: TableFolder, *, before: date, retain: timedelta = SHORTEST_RETENTION
) -> Maintained:
    """Compact the partitions of past days, then delete what no version of the last `retain` needs.

    Days whose runs may still be restated are left alone: a run that shares a file with others has to have their rows
    written again when it is replaced.

    Args:
        session: of the profile `tables`.
        folder: of the table.
        before: run dates before this one are compacted.
        retain: how far back the table can be read, and its runs recalled; at least `SHORTEST_RETENTION`.

    Raises:
        UsageError: `retain` is shorter.
        CommitConflictError: runs were replaced every time; trying again may help.
        TableAlteredError: somebody made the table one whose past days cannot be compacted.
        TableCorruptError: its log cannot be read.
    """
    if retain < SHORTEST_RETENTION:
        hours = int(SHORTEST_RETENTION.total_seconds() // 3600)
        raise UsageError(f"files of the last {hours} hours may be in use; let at least those be retained")
    table = f"delta.`{folder.for_spark}`"

    def compact() -> tuple[int, int]:
        with named_conflicts(folder.uri):
            metrics = session.sql(f"OPTIMIZE {table} WHERE {RUN_DATE} < '{before.isoformat()}'").collect()[0]["metrics"]
        return metrics["numFilesRemoved"], metrics["numFilesAdded"]

    compacted = call_again(compact, attempts=MOST_ATTEMPTS, backoff=BACKOFF, on=CommitConflictError)
    with named_conflicts(folder.uri):
        session.sql(f"VACUUM {table} RETAIN {int(retain.total_seconds() // 3600)} HOURS").collect()
    return Maintained(*compacted, latest_version(folder) or 0)
