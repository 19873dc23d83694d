"""What became of an attachment in a run: one status each, with what the object store said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from etl_core.errors import ObjectGoneError, ObjectReplacedError, PipelineError
from etl_core.objects.failures import ObjectConflictError, ObjectRefusedError, answer_behind

if TYPE_CHECKING:
    from pipelines.agencies.source.documents import Attachment

Status: TypeAlias = Literal[
    "copied", "unchanged", "missing_source", "access_denied", "changed_during_copy", "conflict", "failed"
]
STATUSES: Final[tuple[Status, ...]] = (
    *("copied", "unchanged", "missing_source", "access_denied", "changed_during_copy", "conflict", "failed"),
)
#: The destination holds what the source has.
GOOD: Final = frozenset({"copied", "unchanged"})


@dataclass(frozen=True, slots=True)
class CopyResult:
    """What became of one attachment.

    Attributes:
        attachment: which.
        source_bucket: where it was read.
        destination_bucket: where it goes.
        destination_key: its key there.
        status: what became of it.
        reason: a sentence for people, where it is not there, or something about it is odd.
        size: of the source, in bytes, as far as it is known; so are the versions of both.
        source_etag: of the version that was looked at.
        source_version: its id, where the bucket keeps versions and somebody asked.
        destination_etag: of what is at the destination.
        destination_version: its id.
        error_code: what the object store answered, where it refused.
        http_status: of that answer.
    """

    attachment: Attachment
    source_bucket: str
    destination_bucket: str
    destination_key: str
    status: Status
    reason: str | None = None
    size: int | None = None
    source_etag: str | None = None
    source_version: str | None = None
    destination_etag: str | None = None
    destination_version: str | None = None
    error_code: str | None = None
    http_status: int | None = None

    @property
    def is_good(self) -> bool:
        """Whether the destination holds it."""
        return self.status in GOOD

    @property
    def destination(self) -> str:
        """Where it goes, for people and the ledger."""
        return f"s3://{self.destination_bucket}/{self.destination_key}"

    @property
    def source(self) -> str:
        """Where it comes from, likewise."""
        return f"s3://{self.source_bucket}/{self.attachment.source_key}"


def status_of(error: PipelineError) -> Status:
    """Give the status that an error about one attachment stands for."""
    match error:
        case ObjectReplacedError():
            return "changed_during_copy"
        case ObjectGoneError():
            return "missing_source"
        case ObjectConflictError():
            return "conflict"
        case ObjectRefusedError(kind="rights" | "kms"):
            return "access_denied"
        case _:
            return "failed"


def answer_of(error: PipelineError) -> tuple[str | None, int | None]:
    """Give the object store's code and HTTP status; for a conflict that a look found, what S3 would have said."""
    code, status = answer_behind(error)
    if code is None and isinstance(error, ObjectConflictError):
        return "PreconditionFailed", 412
    return code, status
