"""Tables are kept in order: the many small files of past days are put together, what no version needs is deleted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from pipelines.lake.schema.system_columns import RUN_DATE
from pipelines.lake.spark.conflicts import named_conflicts

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from pipelines.lake.files.table_folder import TableFolder

#: Delta's own; readers that started earlier, and attempts that have not been committed yet, lose their files.
SHORTEST_RETENTION = timedelta(hours=168)


@dataclass(frozen=True, slots=True)
class Maintained:
    """What was done: so many files of the table were put together into so many."""

    compacted_from: int
    compacted_to: int


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
        ValueError: `retain` is shorter.
        CommitConflictError: a run was replaced meanwhile; trying again may help.
    """
    if retain < SHORTEST_RETENTION:
        raise ValueError(f"{retain} is shorter than {SHORTEST_RETENTION}, for which files may be in use")
    table = f"delta.`{folder.for_spark}`"
    with named_conflicts(folder.uri):
        done = session.sql(f"OPTIMIZE {table} WHERE {RUN_DATE} < '{before.isoformat()}'").collect()
        hours = int(retain.total_seconds() // 3600)
        session.sql(f"VACUUM {table} RETAIN {hours} HOURS").collect()
    metrics = done[0]["metrics"]
    return Maintained(metrics["numFilesRemoved"], metrics["numFilesAdded"])
