"""Runs and their rows: what is written, what is committed, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias


@dataclass(frozen=True, slots=True)
class RunPart:
    """The rows of one object for one run.

    Attributes:
        agency_slug: whose file it is.
        file_name: the file, not the object.
        run_date: UTC.
        run_hour: UTC, 0 to 23.
        object_id: the object's row in the ledger.
    """

    agency_slug: str
    file_name: str
    run_date: date
    run_hour: int
    object_id: int

    @property
    def key(self) -> RunKey:
        """The run; the rows of a later object of the same run replace these."""
        return RunKey(self.agency_slug, self.file_name, self.run_date, self.run_hour)


@dataclass(frozen=True, slots=True, order=True)
class RunKey:
    """One run of one file: what is replaced as a whole."""

    agency_slug: str
    file_name: str
    run_date: date
    run_hour: int

    def __str__(self) -> str:
        return f"{self.agency_slug}/{self.file_name}/{self.run_date.isoformat()}/{self.run_hour:02d}"


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A file as a commit names it.

    Attributes:
        path: relative to the table's folder, not encoded.
        size: in bytes.
        rows: in it.
        partition_values: by the names that readers know.
        statistics: the log's JSON.
    """

    path: str
    size: int
    rows: int
    partition_values: tuple[tuple[str, str], ...]
    statistics: str


@dataclass(frozen=True, slots=True)
class RunRows:
    """The rows a run is to have from now on: files that lie in the table's folder and that nobody sees yet.

    Attributes:
        run: whose rows.
        generation: grows with every attempt on a run (the id in `pipeline.silver_load`); a table refuses older ones.
        files: all files of the run; none: it has no rows.
    """

    run: RunPart
    generation: int
    files: tuple[WrittenFile, ...] = ()

    @property
    def rows(self) -> int:
        """How many."""
        return sum(file.rows for file in self.files)


#: What became of a run in a commit: its rows are in the table now; they were already; a later attempt's are.
RunOutcome: TypeAlias = Literal["committed", "already", "superseded"]


@dataclass(frozen=True, slots=True)
class Committed:
    """What became of the runs of one commit.

    Attributes:
        version: of the table that holds them; that of the table as it is where nothing had to be done.
        outcomes: by run.
        copied_rows: rows of other runs that had to be written again because they shared a file.
        attempts: how often the commit was tried.
    """

    version: int
    outcomes: Mapping[RunKey, RunOutcome]
    copied_rows: int = 0
    attempts: int = 1
