"""A file that a table has now, and whose rows it holds."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.lake.run_part import RunKey
from pipelines.lake.schema.system_columns import AGENCY_SLUG, FILE_NAME, PARTITION_COLUMNS, RUN_DATE, RUN_HOUR

if TYPE_CHECKING:
    from deltalake import DeltaTable

#: What delta-rs calls statistics, and what the log calls them.
_TOLD = {"min": "minValues", "max": "maxValues", "null_count": "nullCount"}

#: Of the rows of a file a run has: none, all of them, or it takes a look into the file to know.
Share: TypeAlias = Literal["none", "all", "unknown"]


@dataclass(frozen=True, slots=True)
class ActiveFile:
    """A file as the log names it.

    Attributes:
        path: relative to the table's folder, encoded as the log spells it.
        size: in bytes.
        rows: in it; None where the log does not say.
        partition_values: by the names that readers know; None is null.
        statistics: the log's, by the names in files.
    """

    path: str
    size: int
    rows: int | None
    partition_values: Mapping[str, str | None]
    statistics: Mapping[str, Any]

    def is_in_partition_of(self, run: RunKey) -> bool:
        """Whether the file lies where the rows of a run do."""
        values = self.partition_values
        return values.get(AGENCY_SLUG) == run.agency_slug and values.get(RUN_DATE) == run.run_date.isoformat()

    def share_of(self, run: RunKey, physical: Mapping[str, str]) -> Share:
        """How much of the file belongs to a run, as far as the log tells.

        Args:
            run: which one.
            physical: names in files, by those that readers know.
        """
        if not self.is_in_partition_of(run):
            return "none"
        shares = {
            self._share(physical[FILE_NAME], run.file_name),
            self._share(physical[RUN_HOUR], run.run_hour),
        }
        if "none" in shares:
            return "none"
        return "all" if shares == {"all"} else "unknown"

    def _share(self, column: str, value: Any) -> Share:  # noqa: ANN401 - a text or a number
        """Bounds may be wider than the values, never narrower; equal ones are exact."""
        low = self.statistics.get("minValues", {}).get(column)
        high = self.statistics.get("maxValues", {}).get(column)
        if low is None or high is None:
            return "unknown"
        if value < low or value > high:
            return "none"
        nulls = self.statistics.get("nullCount", {}).get(column)
        return "all" if low == high == value and nulls == 0 else "unknown"


def active_files(table: DeltaTable, days: Collection[date]) -> list[ActiveFile]:
    """The files a table has of some days, with the statistics of the columns that make up a run."""
    found = pa.table(table.get_add_actions())
    partition = found["partition"].combine_chunks()
    wanted = pc.is_in(pc.struct_field(partition, RUN_DATE), pa.array(sorted(days), pa.date32()))
    rows = found.filter(wanted)
    bounds = {log: _columns(rows, told) for told, log in _TOLD.items()}
    files = []
    for at, row in enumerate(rows.select(["path", "size_bytes", "num_records", "partition"]).to_pylist()):
        values = {name: _written(row["partition"].get(name)) for name in PARTITION_COLUMNS}
        statistics = {log: {name: column[at] for name, column in told.items()} for log, told in bounds.items()}
        files.append(ActiveFile(row["path"], row["size_bytes"], row["num_records"], values, statistics))
    return files


def _columns(rows: pa.Table, told: str) -> dict[str, list[Any]]:
    if told not in rows.schema.names:
        return {}
    struct = rows[told].combine_chunks()
    known = {struct.type.field(at).name for at in range(struct.type.num_fields)}
    return {name: pc.struct_field(struct, name).to_pylist() for name in (FILE_NAME, RUN_HOUR) if name in known}


def _written(value: object) -> str | None:
    """A partition value as the log spells it."""
    return value.isoformat() if isinstance(value, date) else None if value is None else str(value)


@dataclass(frozen=True, slots=True)
class Affected:
    """What a replacement touches.

    Attributes:
        whole: files that hold nothing but rows of the runs.
        unknown: files that may hold rows of the runs and of others.
    """

    whole: tuple[ActiveFile, ...]
    unknown: tuple[ActiveFile, ...]


def affected(files: Collection[ActiveFile], runs: Collection[RunKey], physical: Mapping[str, str]) -> Affected:
    """Find the files that hold rows of runs."""
    of_partition: dict[tuple[str, str], list[RunKey]] = {}
    for run in runs:
        of_partition.setdefault((run.agency_slug, run.run_date.isoformat()), []).append(run)
    whole, unknown = [], []
    for file in files:
        place = (file.partition_values.get(AGENCY_SLUG) or "", file.partition_values.get(RUN_DATE) or "")
        shares = {file.share_of(run, physical) for run in of_partition.get(place, ())}
        if "all" in shares:
            whole.append(file)
        elif "unknown" in shares:
            unknown.append(file)
    return Affected(tuple(whole), tuple(unknown))
