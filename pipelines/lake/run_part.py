"""Whose rows are written: one run of one file, as read from one object."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


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
