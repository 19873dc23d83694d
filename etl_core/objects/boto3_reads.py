"""Reads from S3 by boto3, which takes every key and endpoint; what it raises becomes this package's errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from etl_core.errors import ObjectGoneError, PipelineError, StorageUnavailableError, TerminalError
from etl_core.objects.ranges import Received, unquoted

if TYPE_CHECKING:
    from botocore.exceptions import ClientError
    from mypy_boto3_s3 import S3Client

    from etl_core.objects.ranges import ObjectRange

_GONE = frozenset(
    {"404", "NoSuchKey", "NoSuchVersion", "NotFound", "412", "PreconditionFailed", "405", "MethodNotAllowed"}
)
_EMPTY_RANGE = frozenset({"416", "InvalidRange"})
_REFUSED = frozenset({"403", "AccessDenied", "NoSuchBucket", "InvalidBucketName", "400", "InvalidObjectState"})


class ObjectRefusedError(TerminalError):
    """The object store will not hand out this object, now or later."""


def read_range(client: S3Client, wanted: ObjectRange) -> Received:
    """Read bytes of one version; an object of 0 bytes gives none.

    Raises ObjectGoneError, ObjectRefusedError or StorageUnavailableError.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - loaded with the client

    uri = f"s3://{wanted.bucket}/{wanted.key}"
    given: dict[str, Any] = {"Bucket": wanted.bucket, "Key": wanted.key}
    if wanted.version_id:
        given["VersionId"] = wanted.version_id
    elif wanted.etag:
        given["IfMatch"] = f'"{wanted.etag}"'
    try:
        try:
            found: Any = client.get_object(**given, Range=f"bytes={wanted.start}-{wanted.stop - 1}")
        except ClientError as error:
            if _code(error) not in _EMPTY_RANGE:
                raise
            found = client.get_object(**given)  # an object of 0 bytes has no range
        data = found["Body"].read()
    except ClientError as error:
        raise _translated(_code(error), uri) from error
    except BotoCoreError as error:
        message = f"{uri}: the object store did not answer ({type(error).__name__}); trying again may help"
        raise StorageUnavailableError(message) from error
    except OSError as error:
        message = f"{uri}: the connection broke while reading; trying again may help"
        raise StorageUnavailableError(message) from error
    size = int(found["ContentRange"].rpartition("/")[2]) if "ContentRange" in found else found["ContentLength"]
    return Received(data, size, unquoted(found.get("ETag")), found.get("VersionId"), found.get("LastModified"))


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _translated(code: str, uri: str) -> PipelineError:
    if code in _GONE:
        return ObjectGoneError(f"{uri}: the announced version is gone ({code}); a newer one is announced apart")
    if code in _REFUSED:
        return ObjectRefusedError(
            f"{uri}: the object store refused it ({code}); check the bucket's name and read rights"
        )
    return StorageUnavailableError(f"{uri}: the object store failed ({code}); trying again may help")
