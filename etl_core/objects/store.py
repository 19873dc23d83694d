"""Objects by ranges of bytes: S3 through a native client and boto3, local files through the file system.

Every read after the first is pinned to the version that the first one saw, by version id or by
`If-Match` on the etag, so that an object overwritten in between ends as gone instead of mixed.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from etl_core.errors import ObjectGoneError, ObjectReplacedError, PipelineError
from etl_core.objects.boto3_reads import read_range
from etl_core.objects.failures import ObjectRefusedError, named_failures
from etl_core.objects.native_reads import NativeReads
from etl_core.objects.ranges import ObjectRange

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from etl_core.objects.ranges import Received

#: Small objects are read whole by the first look, and need no second request.
PEEK_BYTES = 128 * 1024
_THREADS = 16
#: Where none is given, boto3 puts a long one together for every request: a tenth of the request's processor time.
_USER_AGENT = "pipeline-processing"
#: Places and ways to sign in of which a process keeps its clients.
_MOST_CLIENTS = 4


@dataclass(frozen=True, slots=True)
class ObjectHead:
    """One version of one object; `bucket` None means a local file, its path in `key`. Size in bytes."""

    bucket: str | None
    key: str
    size: int
    etag: str | None = None
    version_id: str | None = None
    last_modified: datetime | None = None

    @property
    def uri(self) -> str:
        """Name the object for people."""
        return self.key if self.bucket is None else f"s3://{self.bucket}/{self.key}"


@dataclass(frozen=True, slots=True)
class Peek:
    """An object's head and its first bytes, at most `PEEK_BYTES`: one request gives both."""

    head: ObjectHead
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class S3Access:
    """Where S3 is and how to sign in; None leaves it to the AWS default chain.

    Attributes:
        connections: how many requests may be under way at once.
        adaptive: whether a client that is told to slow down sends less from then on, besides trying again.
    """

    endpoint: str | None = None
    region: str | None = None
    access_key: str | None = field(default=None, repr=False)
    secret_key: str | None = field(default=None, repr=False)
    connections: int = _THREADS
    adaptive: bool = False


class ObjectStore:
    """Reads objects. Is but its access, also when it travels to workers; each process has clients of its own."""

    def __init__(self, access: S3Access | None = None) -> None:
        """Keep the access; connect on the first use."""
        self._access = access or S3Access()

    @property
    def s3(self) -> S3Client:
        """Give this process's client.

        Raises ObjectRefusedError where the settings, or those of AWS on this machine, allow none.
        """
        with named_failures("S3"):
            return _clients(self._access)[0]

    def peek(self, bucket: str | None, key: str, version_id: str | None = None) -> Peek:
        """Read an object's head and first bytes.

        Raises ObjectGoneError, ObjectRefusedError or StorageUnavailableError.
        """
        if bucket is None:
            return _peek_file(key)
        got = self._get(ObjectRange(bucket, key, 0, PEEK_BYTES, _kept(version_id)))
        return Peek(ObjectHead(bucket, key, got.size, got.etag, got.version_id, got.last_modified), got.data)

    def peek_all(self, wanted: Mapping[int, tuple[str | None, str, str | None]]) -> dict[int, Peek | PipelineError]:
        """Peek at many objects at once; an object that cannot be read gives its error."""

        def one(place: tuple[str | None, str, str | None]) -> Peek | PipelineError:
            try:
                return self.peek(*place)
            except PipelineError as error:
                return error

        if any(bucket is not None for bucket, _, _ in wanted.values()):
            with suppress(PipelineError):  # each read says what is wrong
                _ = self.s3  # made once, before the threads
        with ThreadPoolExecutor(min(_THREADS, max(len(wanted), 1))) as pool:
            return dict(zip(wanted, pool.map(one, wanted.values()), strict=True))

    def changed(self, heads: Mapping[int, ObjectHead]) -> set[int]:
        """Say which objects are by now another version than their heads name, or gone, or not to be had."""
        if any(head.bucket is not None for head in heads.values()):
            _ = self.s3  # made once, before the threads
        with ThreadPoolExecutor(_THREADS) as pool:
            same = pool.map(self._is_same, heads.values())
            return {number for number, unchanged in zip(heads, same, strict=True) if not unchanged}

    def _is_same(self, head: ObjectHead) -> bool:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - loaded with the client

        if head.bucket is None:
            try:
                return str(Path(head.key).stat().st_mtime_ns) == head.etag
            except OSError:
                return False
        try:
            found = self.s3.head_object(Bucket=head.bucket, Key=head.key)
        except (BotoCoreError, ClientError):
            return False
        same_version = head.version_id is None or found.get("VersionId") == head.version_id
        return same_version and found.get("ETag", "").strip('"') == (head.etag or "")

    def read(self, head: ObjectHead, start: int, length: int) -> bytes:
        """Read `length` bytes from `start` of exactly the version `head` names; fewer at its end."""
        if length <= 0 or start >= head.size:
            return b""
        if head.bucket is None:
            return _read_file(head, start, length)
        stop = min(start + length, head.size)
        return self._get(ObjectRange(head.bucket, head.key, start, stop, _kept(head.version_id), head.etag)).data

    def _get(self, wanted: ObjectRange) -> Received:
        with named_failures(f"s3://{wanted.bucket}/{wanted.key}"):
            client, native = _clients(self._access)
        got = native.get(wanted)
        return got if got is not None else read_range(client, wanted)


def _kept(version_id: str | None) -> str | None:
    """Give the id of a version; `null` stands for the only one of a bucket that keeps none."""
    return None if version_id == "null" else version_id


def parse_moment(value: Any) -> datetime:  # noqa: ANN401 - as botocore hands it over
    """Give a time of an answer as botocore does, those of listings (2026-01-04T12:00:00Z) in a tenth of the time."""
    from botocore.utils import parse_timestamp  # noqa: PLC0415 - loaded with the client

    if isinstance(value, str) and value[10:11] == "T" and value.endswith("Z"):
        try:
            return datetime.fromisoformat(f"{value[:-1]}+00:00")
        except ValueError:
            pass
    found: datetime = parse_timestamp(value)
    return found


@lru_cache(maxsize=_MOST_CLIENTS)
def _clients(access: S3Access) -> tuple[S3Client, NativeReads]:
    """Give the clients of this process: a task of Spark's makes none where one before it did."""
    import boto3  # noqa: PLC0415 - half a second that local files can do without
    from botocore.config import Config  # noqa: PLC0415 - comes with boto3
    from botocore.session import get_session  # noqa: PLC0415 - as above

    core = get_session()
    core.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=parse_moment)
    session = boto3.Session(
        botocore_session=core,
        aws_access_key_id=access.access_key,
        aws_secret_access_key=access.secret_key,
        region_name=access.region,
    )
    client = session.client(
        "s3",
        endpoint_url=access.endpoint,
        config=Config(
            retries={"mode": "adaptive" if access.adaptive else "standard", "total_max_attempts": 5},
            connect_timeout=5,
            read_timeout=60,
            max_pool_connections=access.connections,
            user_agent=_USER_AGENT,
            s3={"addressing_style": "path"} if access.endpoint else {},
        ),
    )
    return client, NativeReads(session, client, path_style=access.endpoint is not None)


def _peek_file(path: str) -> Peek:
    try:
        if not stat.S_ISREG(Path(path).stat().st_mode):  # to open a pipe would wait for who writes to it
            what = "a directory" if Path(path).is_dir() else "not a regular file"
            message = f"{path}: {what}; name a file"
            raise ObjectRefusedError(message)
        with Path(path).open("rb") as file:
            found = os.fstat(file.fileno())
            data = file.read(PEEK_BYTES)
    except FileNotFoundError as error:
        message = f"{path}: there is no such file"
        raise ObjectGoneError(message) from error
    except (OSError, ValueError) as error:
        message = f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})"
        raise ObjectRefusedError(message) from error
    modified = datetime.fromtimestamp(found.st_mtime, timezone.utc)
    return Peek(ObjectHead(None, path, found.st_size, str(found.st_mtime_ns), None, modified), data)


def _read_file(head: ObjectHead, start: int, length: int) -> bytes:
    try:
        with Path(head.key).open("rb") as file:
            if str(os.fstat(file.fileno()).st_mtime_ns) != head.etag:
                message = f"{head.key}: the file changed while it was read; check it again"
                raise ObjectReplacedError(message)
            file.seek(start)
            return file.read(length)
    except OSError as error:
        message = f"{head.key}: cannot be read any more ({error.strerror})"
        raise ObjectGoneError(message) from error
