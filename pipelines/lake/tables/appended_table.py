"""A table that rows of a stream are added to: hour by hour, as runs of one file, whose rows come and never go."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

import pyarrow as pa

from pipelines.lake.files.table_folder import TableFolder
from pipelines.lake.files.writing import ObjectFiles
from pipelines.lake.run_part import RunPart, WrittenFile
from pipelines.lake.schema.table_schema import TableSchema, new_schema
from pipelines.lake.tables.append_rows import Mark, append_rows
from pipelines.lake.tables.delta_log import read_snapshot
from pipelines.lake.tables.replace_runs import CommitIdentity

#: Columns that say where a row comes from, beside those that every table has; its offset is its line as well.
PLACE = {"_topic": pa.string(), "_partition": pa.int64(), "_offset": pa.int64()}
#: Rows of streams come from no object of the inbox.
_NO_OBJECT = 0


@dataclass(slots=True)
class AppendedTable:
    """A table that a stream adds rows to; travels to tasks once `begin` has made it ready.

    Attributes:
        folder: of the table.
        agency: whose stream it is.
        file: the name its hours have as runs.
    """

    folder: TableFolder
    agency: str
    file: str
    _schema: TableSchema | None = None
    _known: dict[str, int] = field(default_factory=dict)

    def begin(self, columns: Mapping[str, pa.DataType]) -> Mapping[str, int]:
        """Make ready for rows with these columns, which the table gets where it lacks them; how far applications are.

        Raises:
            TableAlteredError, TableCorruptError, TableUnavailableError: see there.
        """
        wanted = {**columns, **PLACE}
        snapshot = read_snapshot(self.folder)
        if snapshot is None:
            self._schema, self._known = new_schema(wanted), {}
        else:
            new = {name: kind for name, kind in wanted.items() if snapshot.schema.of_source(name) is None}
            self._schema = snapshot.schema.with_columns(new) if new else snapshot.schema
            self._known = dict(snapshot.transaction_versions())
        return self._known

    def writer(self, partition: int) -> AppendedRows:
        """Give what a task writes with."""
        return AppendedRows(self, self._ready(), f"{partition}-{secrets.token_hex(8)}")

    def commit(self, written: Sequence[str], marks: Mapping[str, int], now: datetime) -> int:
        """Add rows, in one version with how far applications are; raises as `append_rows`."""
        due = [Mark(app_id, self._known.get(app_id), version) for app_id, version in marks.items()]
        identity = CommitIdentity(now, secrets.token_hex(16))
        version = append_rows(self.folder, self._ready(), [_file(text) for text in written], due, identity)
        self._known |= marks
        return version

    def _ready(self) -> TableSchema:
        if self._schema is None:
            raise AssertionError(f"{self.folder.uri} was not made ready")
        return self._schema


class AppendedRows:
    """The rows of one task, a file or several for each hour."""

    def __init__(self, table: AppendedTable, schema: TableSchema, attempt: str) -> None:
        """Write nothing yet."""
        self._table, self._schema, self._attempt = table, schema, attempt
        self._hours: dict[datetime, ObjectFiles] = {}

    def add(self, hour: datetime, rows: pa.RecordBatch) -> None:
        """Take in rows of an hour."""
        if hour not in self._hours:
            run = RunPart(self._table.agency, self._table.file, hour.date(), hour.hour, _NO_OBJECT)
            self._hours[hour] = ObjectFiles(self._table.folder, self._schema, run, attempt=self._attempt)
        self._hours[hour].add(rows.append_column("_line", rows["_offset"]))

    def close(self) -> list[str]:
        """Write what is left; the files, as texts."""
        return [json.dumps(asdict(file)) for files in self._hours.values() for file in files.close()]


def _file(text: str) -> WrittenFile:
    read: dict[str, Any] = json.loads(text)
    file = WrittenFile(**read)
    return replace(file, partition_values=tuple((str(name), str(value)) for name, value in read["partition_values"]))
