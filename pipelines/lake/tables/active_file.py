"""A file that a table has now, and whose rows it holds."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from pipelines.lake.run_part import RunKey
from pipelines.lake.schema.system_columns import AGENCY_SLUG, FILE_NAME, RUN_DATE, RUN_HOUR

#: Of the rows of a file a run has: none, all of them, or it takes a look into the file to know.
Share: TypeAlias = Literal["none", "all", "unknown"]


@dataclass(frozen=True, slots=True)
class ActiveFile:
    """A file as the log names it.

    Attributes:
        path: relative to the table's folder, not encoded.
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

    def share_of(self, run: RunKey, physical: Mapping[str, str]) -> Share:
        """How much of the file belongs to a run, as far as the log tells.

        Args:
            run: which one.
            physical: names in files, by those that readers know.
        """
        values = self.partition_values
        if values.get(AGENCY_SLUG) != run.agency_slug or values.get(RUN_DATE) != run.run_date.isoformat():
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
