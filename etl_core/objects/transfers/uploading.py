"""A file of this machine as an object, uploaded unless the same content is there already."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from etl_core.errors import ObjectGoneError, StorageUnavailableError
from etl_core.objects.failures import ObjectConflictError, is_busy, is_precondition, named_failures
from etl_core.objects.heads import described, head_from
from etl_core.objects.ranges import unquoted
from etl_core.objects.store import ObjectHead
from etl_core.objects.transfers.parts import ranges, upload_of
from etl_core.objects.writing import write_object

if TYPE_CHECKING:
    from collections.abc import Iterator

    from etl_core.objects.store import ObjectStore

#: Larger files go up in parts of this size; one is held in memory at a time.
PART_BYTES: Final = 8 * 1024 * 1024
#: Under which name an object keeps the digest of its content.
_DIGEST: Final = "sha256"
_PIECE: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Uploaded:
    """What became of a file: written now, or the same was there; the version that is there, and its digest."""

    how: Literal["written", "same"]
    head: ObjectHead
    sha256: str


def upload_file(
    store: ObjectStore, path: Path, bucket: str, key: str, *, content_type: str, part_bytes: int = PART_BYTES
) -> Uploaded:
    """Upload a file in place of whatever the key holds now; nobody ever sees half of it.

    Args:
        store: where the bucket is.
        path: the file, which nobody changes meanwhile.
        bucket: where to.
        key: as it is, not percent-encoded.
        content_type: its media type.
        part_bytes: a file of more bytes goes up in parts of so many, at least 5 MiB.

    Raises:
        ObjectConflictError: somebody else wrote the key meanwhile; uploading again replaces that.
        ObjectRefusedError: we may not write there.
        StorageUnavailableError: no answer; uploading again is safe.
    """
    digest, size = _digest(path), path.stat().st_size
    there = _current(store, bucket, key)
    head = None if there is None else head_from(bucket, key, there)
    if there is not None and head is not None:
        same = head.size == size and there.get("Metadata", {}).get(_DIGEST) == digest
        if same:
            return Uploaded("same", head, digest)
    metadata = {_DIGEST: digest}
    if size <= part_bytes:
        body = path.read_bytes()
        written = write_object(store, bucket, key, body, replaces=head, content_type=content_type, metadata=metadata)
    else:
        belongings = {"ContentType": content_type, "Metadata": metadata}
        written = _in_parts(store, path, ObjectHead(bucket, key, size), belongings, head, part_bytes)
    return Uploaded("written", written, digest)


def _current(store: ObjectStore, bucket: str, key: str) -> dict[str, Any] | None:
    try:
        return described(store, ObjectHead(bucket, key, 0))
    except ObjectGoneError:
        return None


def _in_parts(
    store: ObjectStore,
    path: Path,
    wanted: ObjectHead,
    belongings: dict[str, Any],
    replaces: ObjectHead | None,
    part_bytes: int,
) -> ObjectHead:
    from botocore.exceptions import ClientError  # noqa: PLC0415 - loaded with the client

    bucket = str(wanted.bucket)
    condition: dict[str, Any] = {"IfNoneMatch": "*"} if replaces is None else {"IfMatch": f'"{replaces.etag}"'}
    with named_failures(wanted.uri):
        try:
            with upload_of(store, bucket, wanted.key, belongings) as upload:
                parts: list[Any] = [
                    {
                        "PartNumber": number,
                        "ETag": store.s3.upload_part(**upload, PartNumber=number, Body=body)["ETag"],
                    }
                    for number, body in _bodies(path, wanted.size, part_bytes)
                ]
                done = store.s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts}, **condition)
        except ClientError as error:
            if is_busy(error):
                message = f"{wanted.uri}: somebody else is writing it at the same time; trying again may help"
                raise StorageUnavailableError(message) from error
            if not is_precondition(error):
                raise
            raise ObjectConflictError(
                f"{wanted.uri} was not written: somebody else wrote it meanwhile; the same command replaces that"
            ) from error
    return ObjectHead(bucket, wanted.key, wanted.size, unquoted(done.get("ETag")), done.get("VersionId"))


def _bodies(path: Path, size: int, part_bytes: int) -> Iterator[tuple[int, bytes]]:
    with path.open("rb") as file:
        for number, first, last in ranges(size, part_bytes):
            yield number, file.read(last + 1 - first)


def _digest(path: Path) -> str:
    found = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            found.update(piece)
    return found.hexdigest()
