"""The processor of the employment history: rows to a file of this machine, and that to the destination, whole."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from etl_core.errors import NoTemporarySpaceError
from etl_core.objects.transfers.uploading import upload_file
from pipelines.agencies.copying.destination_keys import employment_key
from pipelines.agencies.employment.employment_csv import left_out, write_csv

if TYPE_CHECKING:
    from etl_core.objects.store import ObjectHead, ObjectStore
    from pipelines.agencies.source.documents import Agency
    from pipelines.agencies.source.repositories import Rows


@dataclass(frozen=True, slots=True)
class EmploymentHistoryConfig:
    """What is written where.

    Attributes:
        agency: whose history.
        destination_bucket: where it goes.
        run_at: the aware moment whose date and hour stand in the key.
        raw: leave texts as they are that a spreadsheet would take for formulas.
        leave_out: columns that are not written.
        dry_run: only say what would be done.
    """

    agency: Agency
    destination_bucket: str
    run_at: datetime
    raw: bool = False
    leave_out: tuple[str, ...] = ()
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class ExportResult:
    """What became of an export: `empty` where there are no rows, and so no file.

    Attributes:
        status: what became of it.
        destination: where it is, or would be.
        rows: how many were read and written.
        left_out: columns that were there and are not in it.
        head: the version that is there.
    """

    status: Literal["written", "unchanged", "empty", "would_be_written"]
    destination: str
    rows: int
    left_out: tuple[str, ...] = ()
    head: ObjectHead | None = None


@dataclass(frozen=True, slots=True)
class EmploymentHistoryProcessor:
    """Writes the employment history of one agency to `destination`."""

    config: EmploymentHistoryConfig
    destination: ObjectStore

    def process(self, found: Rows) -> ExportResult:
        """Write all rows; the same content at the same place is not uploaded again.

        Raises:
            ObjectRefusedError: it may not be written there.
            ObjectConflictError: somebody else wrote the same key meanwhile.
            StorageUnavailableError: no answer; doing it again is safe.
            NoTemporarySpaceError: this machine has no room for it.
        """
        config = self.config
        key = employment_key(config.agency.slug, config.run_at)
        place, hidden = f"s3://{config.destination_bucket}/{key}", left_out(found.columns, config.leave_out)
        with tempfile.TemporaryDirectory(prefix="employment-") as folder:
            path = Path(folder) / "employment_history.csv"
            try:
                with path.open("w", encoding="utf-8", errors="replace", newline="") as file:
                    rows = write_csv(found, file, leave_out=config.leave_out, raw=config.raw)
            except OSError as error:
                message = f"{path} could not be written: {error.strerror}; make room there, or name another TMPDIR"
                raise NoTemporarySpaceError(message) from error
            if rows == 0 or config.dry_run:
                return ExportResult("would_be_written" if rows else "empty", place, rows, hidden)
            done = upload_file(self.destination, path, config.destination_bucket, key, content_type="text/csv")
        status: Literal["written", "unchanged"] = "written" if done.how == "written" else "unchanged"
        return ExportResult(status, place, rows, hidden, done.head)
