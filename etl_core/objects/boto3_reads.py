"""Reads from S3 by boto3, which takes every key and endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from etl_core.objects.failures import code_of, named_failures
from etl_core.objects.ranges import Received, unquoted

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from etl_core.objects.ranges import ObjectRange

_EMPTY_RANGE = frozenset({"416", "InvalidRange"})


def read_range(client: S3Client, wanted: ObjectRange) -> Received:
    """Read bytes of one version; an object of 0 bytes gives none.

    Raises ObjectGoneError, ObjectRefusedError or StorageUnavailableError.
    """
    from botocore.exceptions import ClientError  # noqa: PLC0415 - loaded with the client

    given: dict[str, Any] = {"Bucket": wanted.bucket, "Key": wanted.key}
    if wanted.version_id:
        given["VersionId"] = wanted.version_id
    elif wanted.etag:
        given["IfMatch"] = f'"{wanted.etag}"'
    with named_failures(f"s3://{wanted.bucket}/{wanted.key}"):
        try:
            found: Any = client.get_object(**given, Range=f"bytes={wanted.start}-{wanted.stop - 1}")
        except ClientError as error:
            if code_of(error) not in _EMPTY_RANGE:
                raise
            found = client.get_object(**given)  # an object of 0 bytes has no range
        data = found["Body"].read()
    size = int(found["ContentRange"].rpartition("/")[2]) if "ContentRange" in found else found["ContentLength"]
    return Received(data, size, unquoted(found.get("ETag")), found.get("VersionId"), found.get("LastModified"))
