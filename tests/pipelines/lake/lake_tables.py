"""Tables of the tests: rows in, and rows back as other readers see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timezone
from itertools import count
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from deltalake import DeltaTable

from pipelines.lake.run_part import RunPart, RunRows
from pipelines.lake.schema.system_columns import LINE
from pipelines.lake.schema.table_schema import TableSchema, new_schema
from pipelines.lake.tables.delta_log import read_snapshot
from pipelines.lake.tables.replace_runs import CommitIdentity

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pipelines.lake.files.table_folder import TableFolder

from pipelines.lake.files.writing import write_rows

#: Tables forget how far runs are after a while, so commits are made now.
NOW = datetime.now(timezone.utc)
DAY = date(2026, 1, 4)
COLUMNS = {"id": pa.int64(), "note": pa.string()}
SCHEMA = new_schema(COLUMNS)
_NUMBERS = count(1)


def run_part(
    hour: int = 12, *, agency: str = "tenant-a", name: str = "trips", day: date = DAY, id_: int = 1
) -> RunPart:
    """A run of the tests."""
    return RunPart(agency, name, day, hour, id_)


def identity(now: datetime = NOW) -> CommitIdentity:
    """A commit of its own."""
    return CommitIdentity(now, f"commit-{next(_NUMBERS)}")


def batch(columns: dict[str, pa.Array], first_line: int = 2) -> pa.RecordBatch:
    """Columns of an object, and the lines of its rows."""
    rows = len(next(iter(columns.values())))
    lines = pa.array(range(first_line, first_line + rows), pa.int64())
    return pa.RecordBatch.from_arrays([*columns.values(), lines], names=[*columns, LINE])


def notes(ids: Sequence[int], note: str = "", first_line: int = 2) -> pa.RecordBatch:
    """Rows of `SCHEMA`."""
    return batch({"id": pa.array(ids, pa.int64()), "note": pa.array([note] * len(ids), pa.string())}, first_line)


def written(
    folder: TableFolder,
    run: RunPart,
    generation: int,
    batches: Iterable[pa.RecordBatch],
    schema: TableSchema = SCHEMA,
) -> RunRows:
    """Rows of a run in files nobody sees yet."""
    files = write_rows(folder, schema, run, batches, attempt=f"attempt-{next(_NUMBERS)}")
    return RunRows(run, generation, files)


def current_schema(folder: TableFolder) -> TableSchema:
    """The columns the table has now."""
    snapshot = read_snapshot(folder)
    assert snapshot is not None
    return snapshot.schema


@dataclass(frozen=True)
class Row:
    """A row of a table by what tells it apart."""

    agency: str
    hour: int
    object_id: int
    id: int
    note: str | None


def rows_by_delta_rs(folder: TableFolder) -> list[Row]:
    """All rows as delta-rs reads them."""
    return rows_of(table_by_delta_rs(folder).to_pylist())


def table_by_delta_rs(folder: TableFolder) -> pa.Table:
    """The table as delta-rs reads it."""
    reader = DeltaTable(folder.uri, storage_options=folder.storage_options()).scan()
    return pa.RecordBatchReader.from_stream(reader).read_all()  # lets the server in this process answer meanwhile


def rows_of(found: Iterable[dict[str, Any]]) -> list[Row]:
    """Rows of any reader, sorted."""
    made = [Row(one["_agency_slug"], one["_run_hour"], one["_object_id"], one["id"], one["note"]) for one in found]
    return sorted(made, key=str)
