"""The conditions of copies that moto takes and does not look at, as S3 looks at them.

Moto checks If-None-Match and If-Match where objects are put and uploads completed, and neither them nor
x-amz-copy-source-if-match where something is copied. These checks stand before moto and look at the very request that
leaves the program: without the header in it a copy goes through to moto, overwrites, and the test sees it.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_s3 import S3Client

_BODY = b"<Error><Code>PreconditionFailed</Code><Message>a condition did not hold</Message></Error>"


class _Raw:
    """The body of an answer, as botocore reads it."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def stream(self, **_: object) -> Iterator[bytes]:
        """All of it."""
        yield self.data


@contextmanager
def conditions_of_copies(
    client: S3Client, other: S3Client, *, meanwhile: Callable[[], object] | None = None
) -> Iterator[list[str]]:
    """Check the conditions of `client`'s copies in the block; `meanwhile` happens just before the first of them.

    Args:
        client: whose requests are looked at.
        other: looks at objects, and is not looked at.
        meanwhile: what somebody else does at that moment.

    Yields:
        The operations that came by, in their order.
    """
    seen: list[str] = []

    def etag(bucket: str, key: str, version: str | None) -> str | None:
        try:
            found = other.head_object(Bucket=bucket, Key=key, **({"VersionId": version} if version else {}))  # type: ignore[arg-type]
        except ClientError:
            return None
        return found["ETag"]

    def check(request: AWSPreparedRequest, event_name: str, **_: object) -> AWSResponse | None:
        seen.append(event_name.rpartition(".")[2])
        if meanwhile is not None and len(seen) == 1:
            meanwhile()
        headers = {name.lower(): _text(value) for name, value in request.headers.items()}
        bucket, _sep, key = unquote(request.url.split("?")[0].split("/", 3)[3]).partition("/")
        failed = headers.get("if-none-match") == "*" and etag(bucket, key, None) is not None
        if "x-amz-copy-source-if-match" in headers:
            place, _sep, version = headers["x-amz-copy-source"].partition("?versionId=")
            source, _sep, name = unquote(place).partition("/")
            failed |= etag(source, name, version) != headers["x-amz-copy-source-if-match"]
        return AWSResponse(request.url, 412, {}, _Raw(_BODY)) if failed else None  # type: ignore[arg-type]

    hooks: Any = client.meta.events  # its stubs know no hook that answers
    events = [f"before-send.s3.{name}" for name in ("CopyObject", "UploadPartCopy")]
    for event in events:
        hooks.register_first(event, check)
    try:
        yield seen
    finally:
        for event in events:
            hooks.unregister(event, check)


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
