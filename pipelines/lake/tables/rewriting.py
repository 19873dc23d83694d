"""A file that holds rows of several runs, as compacting makes them, is written again without those of some."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.lake.files.writing import write_stored
from pipelines.lake.run_part import RunKey, WrittenFile
from pipelines.lake.schema.system_columns import FILE_NAME, RUN_HOUR
from pipelines.lake.tables.active_file import ActiveFile
from pipelines.lake.tables.delta_log import Snapshot

_BATCH_ROWS = 64 * 1024


def rows_of_others(
    snapshot: Snapshot, file: ActiveFile, runs: Sequence[RunKey], attempt: str
) -> tuple[WrittenFile, ...] | None:
    """Write the rows of a file that belong to none of `runs` to files of their own.

    Args:
        snapshot: of the table the file belongs to.
        file: of one of the partitions of the runs.
        runs: those whose rows are not wanted, in any partition.
        attempt: different for every try.

    Returns:
        The files, none where nothing is left; None where the file has no row of the runs and may stay as it is.

    Raises:
        ObjectGoneError: the file is not there any more.
        ObjectRefusedError, StorageUnavailableError, TableUnavailableError: the folder cannot be read or written.
    """
    runs = [run for run in runs if file.is_in_partition_of(run)]
    with snapshot.folder.open_file(unquote(file.path)) as source:
        parquet = pq.ParquetFile(source)
        keys = [snapshot.schema.physical_of(name) for name in (FILE_NAME, RUN_HOUR)]
        if not any(_is_of(batch, keys, runs).true_count for batch in parquet.iter_batches(_BATCH_ROWS, columns=keys)):
            return None
        rows = _others(parquet.iter_batches(_BATCH_ROWS), keys, runs)
        return write_stored(snapshot.folder, snapshot.schema, runs[0], rows, attempt=attempt)


def _others(batches: Iterable[pa.RecordBatch], keys: list[str], runs: Sequence[RunKey]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        kept = batch.filter(pc.invert(_is_of(batch, keys, runs)))
        if kept.num_rows:
            yield kept


def _is_of(batch: pa.RecordBatch, keys: list[str], runs: Sequence[RunKey]) -> pa.BooleanArray:
    """Which rows belong to one of the runs; all are of the file's partition."""
    names, hours = (batch.column(batch.schema.get_field_index(key)) for key in keys)
    each = [pc.and_(pc.equal(names, run.file_name), pc.equal(hours, run.run_hour)) for run in runs]
    return pc.fill_null(reduce(pc.or_, each), fill_value=False)
