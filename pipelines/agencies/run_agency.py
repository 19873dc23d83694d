"""The documents of one agency, from the application's database to their destination."""

from __future__ import annotations

import tempfile
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from etl_core.audit.record import Step
from etl_core.audit.table import add_lines
from etl_core.objects.transfers.uploading import upload_file
from etl_core.spilling.record_file import RecordFile
from pipelines.agencies.copying.attachments import AttachmentProcessor, S3Config
from pipelines.agencies.copying.copy_result import GOOD
from pipelines.agencies.copying.destination_keys import attachments_prefix, manifest_key
from pipelines.agencies.copying.manifest import ManifestFile
from pipelines.agencies.employment.employment_history import (
    EmploymentHistoryConfig,
    EmploymentHistoryProcessor,
    ExportResult,
)
from pipelines.agencies.source.documents import packed, unpacked

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from etl_core.audit.account import Account
    from etl_core.objects.store import ObjectStore
    from pipelines.agencies.copying.copy_result import CopyResult
    from pipelines.agencies.ledger.copies import CopyLedger
    from pipelines.agencies.source.documents import Agency
    from pipelines.agencies.source.repositories import AttachmentRepository, EmploymentHistoryRepository

Part: TypeAlias = Literal["attachments", "employment"]


@dataclass(frozen=True, slots=True)
class DocumentDoors:
    """The outside world of documents.

    Attributes:
        attachments: asks for attachments.
        employment: asks for the employment history.
        source: the store of the source bucket.
        destination: that of the destination, where it is another.
        ledger: of copies; its clock is everyone's.
        account: writes lines of the audit; None where no job is under way.
        told: told every result as it comes, with how many there are of the agency.
        is_stopped: whether somebody asked to end.
    """

    attachments: AttachmentRepository
    employment: EmploymentHistoryRepository
    source: ObjectStore
    destination: ObjectStore | None
    ledger: CopyLedger
    account: Account | None = None
    told: Callable[[Agency, CopyResult, int], None] = lambda _agency, _result, _total: None
    is_stopped: Callable[[], bool] = lambda: False


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a run was asked for; attributes are those of `S3Config` and `EmploymentHistoryConfig`."""

    source_bucket: str
    destination_bucket: str
    run_at: datetime
    parts: tuple[Part, ...] = ("attachments", "employment")
    workers: int = 16
    overwrite: bool = False
    dry_run: bool = False
    raw: bool = False
    leave_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AgencyOutcome:
    """What became of an agency's documents: counts by status, which add up to `attachments`."""

    agency: Agency
    attachments: int = 0
    statuses: Mapping[str, int] = field(default_factory=dict)
    copied_bytes: int = 0
    manifest: str | None = None
    export: ExportResult | None = None

    @property
    def failed(self) -> int:
        """How many attachments are not at their destination."""
        return sum(count for status, count in self.statuses.items() if status not in GOOD)


def run_agency(agency: Agency, wanted: Wanted, doors: DocumentDoors) -> AgencyOutcome:
    """Bring the documents of one agency to their destination.

    Raises:
        AgencyQueryError: a query cannot be used.
        StoppedEarlyError: somebody asked to end; what was done is noted.
        PipelineError: something does not answer, or the destination allows nothing.
    """
    outcome: dict[str, Any] = {}
    if "attachments" in wanted.parts:
        outcome |= _attachments(agency, wanted, doors)
    if "employment" in wanted.parts:
        outcome["export"] = _employment(agency, wanted, doors)
    return AgencyOutcome(agency, **outcome)


def _attachments(agency: Agency, wanted: Wanted, doors: DocumentDoors) -> dict[str, Any]:
    began = doors.ledger.clock()
    config = S3Config(
        agency, wanted.source_bucket, wanted.destination_bucket, wanted.workers, wanted.overwrite, wanted.dry_run
    )
    attachments_prefix(agency.slug)  # a slug that cannot stand in keys is refused before anything is read
    processor = AttachmentProcessor(config, doors.source, doors.destination, doors.ledger, doors.is_stopped)
    counts, size = Counter[str](), 0
    with (
        closing(RecordFile()) as listed,  # the application's transaction ends before the first copy begins
        tempfile.TemporaryDirectory(prefix="manifest-") as folder,
        closing(ManifestFile(folder)) as lines,
    ):
        total = 0
        for one in doors.attachments.get_attachment_files_for_s3_processing(agency.id):
            listed.add(packed(one), b"")
            total += 1
        for result in processor.process(unpacked(data) for data, _ in listed):
            counts[result.status] += 1
            size += (result.size or 0) if result.status == "copied" else 0
            lines.add(result)
            doors.told(agency, result, total)
        if counts.total() != total:
            raise AssertionError(f"attachments were lost: {total} listed, {dict(counts)} accounted for")
        lines.close()
        place = None if wanted.dry_run or not total else _upload_manifest(agency, wanted, doors, lines.path)
    said = ", ".join(f"{count} {status}" for status, count in sorted(counts.items())) or "there are none"
    good = sum(counts[status] for status in GOOD)
    if not wanted.dry_run:
        _audit(doors, agency, began, _Done("attachments", total, good, said, place))
    return {"attachments": total, "statuses": dict(counts), "copied_bytes": size, "manifest": place}


def _upload_manifest(agency: Agency, wanted: Wanted, doors: DocumentDoors, path: Path) -> str:
    key = manifest_key(agency.slug, wanted.run_at.astimezone(timezone.utc).date())
    store = doors.destination or doors.source
    return upload_file(store, path, wanted.destination_bucket, key, content_type="application/x-ndjson").head.uri


def _employment(agency: Agency, wanted: Wanted, doors: DocumentDoors) -> ExportResult:
    began = doors.ledger.clock()
    config = EmploymentHistoryConfig(
        agency, wanted.destination_bucket, wanted.run_at, wanted.raw, wanted.leave_out, wanted.dry_run
    )
    processor = EmploymentHistoryProcessor(config, doors.destination or doors.source)
    with doors.employment.employment_history(agency.id) as found:
        done = processor.process(found)
    if not wanted.dry_run:
        place = done.destination if done.head is not None else None
        _audit(doors, agency, began, _Done("employment", done.rows, done.rows, done.status, place))
    return done


@dataclass(frozen=True, slots=True)
class _Done:
    """What a part of a run came to, as the audit tells it."""

    step: Part
    rows_in: int
    rows_out: int
    said: str
    place: str | None


def _audit(doors: DocumentDoors, agency: Agency, began: datetime, done: _Done) -> None:
    if doors.account is None:
        return
    now = doors.ledger.clock()
    line = Step(
        done.step,
        "succeeded" if done.rows_in == done.rows_out else "failed",
        now,
        subject=f"agency {agency.id} ({agency.slug})",
        outputs=() if done.place is None else (done.place,),
        rows_in=done.rows_in,
        rows_out=done.rows_out,
        message=done.said,
        seconds=(now - began).total_seconds(),
    )
    with doors.ledger.database.begin() as connection:
        add_lines(connection, [doors.account.line(line)])
