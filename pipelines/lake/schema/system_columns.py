"""Columns that say where a row comes from: in front of every table, so that the log always has their bounds.

`_file_name` is beside those that readers ask for because two files may share a table, and replacing a run of one must
not touch the other's.
"""

from __future__ import annotations

import pyarrow as pa

from pipelines.lake.run_part import RunKey, RunPart

AGENCY_SLUG, RUN_DATE = "_agency_slug", "_run_date"
FILE_NAME, RUN_HOUR, OBJECT_ID, LINE = "_file_name", "_run_hour", "_object_id", "_line"

#: Tables are partitioned by these; their values stand in the log alone.
PARTITION_COLUMNS = (AGENCY_SLUG, RUN_DATE)
#: What makes up a run within a partition.
WITHIN_PARTITION = (FILE_NAME, RUN_HOUR)
SYSTEM_COLUMNS: dict[str, pa.DataType] = {
    AGENCY_SLUG: pa.string(),
    RUN_DATE: pa.date32(),
    FILE_NAME: pa.string(),
    RUN_HOUR: pa.int64(),
    OBJECT_ID: pa.int64(),
    LINE: pa.int64(),
}


def constants(run: RunPart) -> dict[str, object]:
    """The values that all rows of a run's object share and that stand in its files."""
    return {FILE_NAME: run.file_name, RUN_HOUR: run.run_hour, OBJECT_ID: run.object_id}


def partition_values(run: RunKey) -> dict[str, str]:
    """The values that stand in the log, as it spells them."""
    return {AGENCY_SLUG: run.agency_slug, RUN_DATE: run.run_date.isoformat()}
