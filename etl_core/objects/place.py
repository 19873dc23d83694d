"""Where a file or prefix is: in S3 or on this machine."""

from __future__ import annotations

import re
from dataclasses import dataclass

from etl_core.errors import UsageError

_SCHEMES = ("s3://", "s3a://", "s3n://")
#: What begins like an address and is none: `s3:/bucket` is no folder that anybody means. One letter may be a drive.
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")


@dataclass(frozen=True, slots=True)
class Place:
    """A key or prefix of a bucket; without a bucket, a local path."""

    bucket: str | None
    key: str


def parse_place(text: str) -> Place:
    """A place from `s3://bucket/key` or a local path. The key is taken as it stands, `%`, `?` and `#` included.

    Raises:
        UsageError: the text names neither.
    """
    for scheme in _SCHEMES:
        if text.startswith(scheme):
            bucket, _, key = text.removeprefix(scheme).partition("/")
            if not bucket:
                raise UsageError(f"{text!r} names no bucket; expected s3://bucket/key")
            return Place(bucket, key)
    if "://" in text or _SCHEME.match(text):
        raise UsageError(f"{text!r} is of an unknown kind; expected s3://bucket/key or a local path")
    if not text:
        raise UsageError("the place is empty; expected s3://bucket/key or a local path")
    return Place(None, text)
