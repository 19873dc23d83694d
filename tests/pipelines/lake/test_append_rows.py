"""Rows of streams join a table once, with how far their sources are."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from pipelines.lake.tables.append_rows import OtherWriterError
from pipelines.lake.tables.appended_table import AppendedTable
from pipelines.lake.tables.delta_log import CHECKPOINT_INTERVAL

if TYPE_CHECKING:
    from pipelines.lake.files.table_folder import TableFolder

HOUR = datetime(2026, 5, 4, 10, tzinfo=timezone.utc)
COLUMNS = {"id": pa.string()}


def ready(folder: TableFolder, columns: dict[str, pa.DataType] | None = None) -> AppendedTable:
    table = AppendedTable(folder, "streams", "events")
    table.begin(columns or COLUMNS)
    return table


def written(table: AppendedTable, start: int, end: int, *, partition: int = 0, **columns: Any) -> list[str]:  # noqa: ANN401
    """Rows of some offsets, the odd ones an hour later."""
    writer = table.writer(partition)
    for hour, offsets in ((HOUR, range(start, end, 2)), (HOUR + timedelta(hours=1), range(start + 1, end, 2))):
        rows = {
            "id": [f"{partition}/{offset}" for offset in offsets],
            **{name: [value] * len(offsets) for name, value in columns.items()},
            "_topic": ["raw"] * len(offsets),
            "_partition": pa.array([partition] * len(offsets), pa.int64()),
            "_offset": pa.array(offsets, pa.int64()),
        }
        writer.add(hour, pa.RecordBatch.from_pydict(rows))
    return list(writer.close())


def offsets_of(folder: TableFolder) -> list[tuple[int, int]]:
    rows = DeltaTable(folder.uri).to_pyarrow_table().to_pylist()
    return sorted((row["_partition"], row["_offset"]) for row in rows)


def test_rows_stand_in_the_hours_they_belong_to(folder: TableFolder) -> None:
    table = ready(folder)
    assert table.commit(written(table, 0, 4), {"p0": 4}, HOUR) == 0
    rows = DeltaTable(folder.uri).to_pyarrow_table().to_pylist()
    assert sorted((row["_run_hour"], row["_line"], row["id"]) for row in rows) == [
        (10, 0, "0/0"),
        (10, 2, "0/2"),
        (11, 1, "0/1"),
        (11, 3, "0/3"),
    ]
    assert {(row["_agency_slug"], row["_file_name"], row["_topic"]) for row in rows} == {("streams", "events", "raw")}


def test_a_commit_that_arrived_is_not_made_again(folder: TableFolder) -> None:
    table = ready(folder)
    files = written(table, 0, 4)
    table.commit(files, {"p0": 4}, HOUR)
    again = ready(folder)
    assert dict(again.begin(COLUMNS)) == {"p0": 4}
    again._known = {}
    assert again.commit(files, {"p0": 4}, HOUR) == 0
    assert offsets_of(folder) == [(0, offset) for offset in range(4)]


def test_rows_that_were_read_where_another_process_has_gone_on_are_refused(folder: TableFolder) -> None:
    one, other = ready(folder), ready(folder)
    one.commit(written(one, 0, 4), {"p0": 4, "p1": 0}, HOUR)
    with pytest.raises(OtherWriterError, match="has rows of p0 up to 4, and these were read from None on"):
        other.commit(written(other, 0, 6), {"p0": 6}, HOUR)
    assert offsets_of(folder) == [(0, offset) for offset in range(4)]


def test_writers_of_different_partitions_get_past_each_other(folder: TableFolder) -> None:
    def work(partition: int) -> None:
        table = ready(folder)
        for start in range(0, 12, 4):
            table.commit(written(table, start, start + 4, partition=partition), {f"p{partition}": start + 4}, HOUR)

    ready(folder).commit([], {"made": 1}, HOUR)
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(work, range(3)))
    assert offsets_of(folder) == [(partition, offset) for partition in range(3) for offset in range(12)]


def test_a_stream_may_bring_columns_that_the_table_lacks(folder: TableFolder) -> None:
    table = ready(folder)
    table.commit(written(table, 0, 2), {"p0": 2}, HOUR)
    wider = ready(folder, {"id": pa.string(), "kind": pa.string()})
    wider.commit(written(wider, 2, 4, kind="view"), {"p0": 4}, HOUR)
    rows = DeltaTable(folder.uri).to_pyarrow_table().to_pylist()
    assert sorted((row["_offset"], row["kind"]) for row in rows) == [(0, None), (1, None), (2, "view"), (3, "view")]


def test_how_far_sources_are_outlives_checkpoints_of_the_log(folder: TableFolder) -> None:
    table = ready(folder)
    for number in range(CHECKPOINT_INTERVAL + 3):
        table.commit(written(table, number, number + 1), {"p0": number + 1}, datetime.now(timezone.utc))
    assert json.loads((DeltaTable(folder.uri).history(1)[0]["operationParameters"])["rows"]) == 1
    assert dict(ready(folder).begin(COLUMNS)) == {"p0": CHECKPOINT_INTERVAL + 3}
