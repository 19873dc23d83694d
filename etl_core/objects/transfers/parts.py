"""An object put together of parts: it is there with the last one, with all that belongs to it, or not at all."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from etl_core.objects.store import ObjectStore

#: Parts that one object may have.
MOST_PARTS: Final = 10_000


@contextmanager
def upload_of(store: ObjectStore, bucket: str, key: str, belongings: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Begin an upload in parts, as boto3 names it in later calls; it is given up where the block raises."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - loaded with the client

    target: dict[str, Any] = {"Bucket": bucket, "Key": key}
    begun = store.s3.create_multipart_upload(**target, **belongings)
    upload = {**target, "UploadId": begun["UploadId"]}
    try:
        yield upload
    except BaseException:
        with suppress(ClientError, BotoCoreError):
            store.s3.abort_multipart_upload(**upload)  # parts that are left behind are paid for
        raise


def ranges(size: int, part_bytes: int) -> Iterator[tuple[int, int, int]]:
    """Give number, first and last byte of every part; parts are larger where there would be too many."""
    step = max(part_bytes, -(-size // MOST_PARTS))
    for number, first in enumerate(range(0, size, step), start=1):
        yield number, first, min(first + step, size) - 1
