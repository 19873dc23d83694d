"""An object store in memory behind the product's own: buckets with and without versions, and what S3 answers.

Only the client is made up. Conditions, ranges and what an answer means are read by `etl_core.objects`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError, EndpointConnectionError

from etl_core.errors import PipelineError
from etl_core.objects.boto3_reads import read_range
from etl_core.objects.ranges import ObjectRange, Received
from etl_core.objects.store import ObjectStore, Peek
from tests.simulation.world.clock import Clock
from tests.simulation.world.faults import Faults

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

#: The bucket that keeps versions, and the one that does not.
VERSIONED, PLAIN = "versioned", "plain"
_STATUS = {"404": 404, "NoSuchKey": 404, "NoSuchVersion": 404, "403": 403, "AccessDenied": 403, "412": 412}
_STATUS |= {"PreconditionFailed": 412, "SlowDown": 503, "MethodNotAllowed": 405}


@dataclass(frozen=True)
class StoredVersion:
    """A version of an object that was once written; `number` counts all writes in their order."""

    number: int
    bucket: str
    key: str
    body: bytes
    written_at: datetime
    version_id: str | None

    @property
    def etag(self) -> str:
        """As S3 has it for what was written in one piece."""
        return hashlib.md5(self.body, usedforsecurity=False).hexdigest()

    @property
    def sequencer(self) -> str:
        """Grows with each write."""
        return f"{self.number:016X}"

    @property
    def last_modified(self) -> datetime:
        """S3 says it to the second."""
        return self.written_at.replace(microsecond=0)


@dataclass
class Buckets:
    """What is stored. `written` keeps everything that ever was, also what is gone."""

    clock: Clock
    written: list[StoredVersion] = field(default_factory=list)
    answers: bool = True
    #: How often reads of an object are still answered with this code.
    refusals: dict[tuple[str, str], tuple[str, int]] = field(default_factory=dict)
    #: How often a read failed that concerned this object alone.
    blamed: dict[tuple[str, str], int] = field(default_factory=dict)
    #: Objects of which something was deleted.
    deleted: set[tuple[str, str]] = field(default_factory=set)
    _kept: dict[tuple[str, str], list[StoredVersion]] = field(default_factory=dict)
    _hidden: set[tuple[str, str]] = field(default_factory=set)

    def put(self, bucket: str, key: str, body: bytes) -> StoredVersion:
        """Write an object, over the one of its key where versions are not kept."""
        number = len(self.written) + 1
        version_id = f"v{number}" if bucket == VERSIONED else None
        version = StoredVersion(number, bucket, key, body, self.clock(), version_id)
        self.written.append(version)
        kept = self._kept.setdefault((bucket, key), [])
        if bucket == PLAIN:
            kept.clear()
        kept.append(version)
        self._hidden.discard((bucket, key))
        return version

    def delete(self, bucket: str, key: str) -> None:
        """Delete an object; where versions are kept they stay, behind a delete marker."""
        self.deleted.add((bucket, key))
        if bucket == PLAIN:
            self._kept.pop((bucket, key), None)
        elif self._kept.get((bucket, key)):
            self._hidden.add((bucket, key))

    def destroy(self, version: StoredVersion) -> None:
        """Delete one version for good."""
        self.deleted.add((version.bucket, version.key))
        kept = self._kept.get((version.bucket, version.key), [])
        if version in kept:
            kept.remove(version)

    def current(self, bucket: str, key: str) -> StoredVersion | None:
        """What a read without a version gets."""
        kept = self._kept.get((bucket, key))
        return kept[-1] if kept and (bucket, key) not in self._hidden else None

    def named(self, bucket: str, key: str, version_id: str | None) -> StoredVersion | None:
        """What a read of this version gets."""
        if version_id is None:
            return self.current(bucket, key)
        return next((one for one in self._kept.get((bucket, key), []) if one.version_id == version_id), None)

    def named_ever(self, bucket: str, key: str) -> list[StoredVersion]:
        """All versions of an object that ever were, in the order in which they were written."""
        return [one for one in self.written if (one.bucket, one.key) == (bucket, key)]

    def listed(self) -> list[StoredVersion]:
        """What a listing shows."""
        found = (self.current(*place) for place in sorted(self._kept))
        return [one for one in found if one is not None]

    def blame(self, bucket: str, key: str) -> None:
        """Note that an attempt at this object failed by itself."""
        self.blamed[bucket, key] = self.blamed.get((bucket, key), 0) + 1

    def refusal(self, bucket: str, key: str) -> str | None:
        """The code with which this read is refused, where one waits for it."""
        code, times = self.refusals.get((bucket, key), ("", 0))
        if not times:
            return None
        self.refusals[bucket, key] = (code, times - 1)
        self.blame(bucket, key)
        return code


class SimulatedStore(ObjectStore):
    """The product's store of one process, with a client that reads from memory.

    Objects are looked at one after the other, so that a schedule runs the same way each time.
    """

    def __init__(self, buckets: Buckets, faults: Faults) -> None:
        super().__init__()
        self._client = cast("S3Client", _Client(buckets, faults))

    @property
    def s3(self) -> S3Client:
        return self._client

    def peek_all(self, wanted: Mapping[int, tuple[str | None, str, str | None]]) -> dict[int, Peek | PipelineError]:
        found: dict[int, Peek | PipelineError] = {}
        for place, one in wanted.items():
            try:
                found[place] = self.peek(*one)
            except PipelineError as error:  # noqa: PERF203  as the product has it
                found[place] = error
        return found

    def _get(self, wanted: ObjectRange) -> Received:
        return read_range(self._client, wanted)


class _Client:
    """What the product calls of boto3's client."""

    def __init__(self, buckets: Buckets, faults: Faults) -> None:
        self._buckets, self._faults = buckets, faults

    def get_object(self, **asked: Any) -> dict[str, Any]:  # noqa: ANN401  boto3's
        found = self._reach(lambda: self._found(**asked), lambda: self._buckets.blame(asked["Bucket"], asked["Key"]))
        begin, _, last = asked.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")
        data = found.body[int(begin) : int(last) + 1 if last else None]
        answer = {"Body": BytesIO(data), "ContentRange": f"bytes {begin}-/{len(found.body)}", "ETag": f'"{found.etag}"'}
        answer |= {"LastModified": found.last_modified, "VersionId": found.version_id}
        return {name: value for name, value in answer.items() if value is not None}

    def get_paginator(self, operation: str) -> _Client:
        assert operation == "list_objects_v2"
        return self

    def paginate(self, **asked: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401  boto3's
        yield {
            "Contents": [
                {"Key": one.key, "Size": len(one.body), "ETag": f'"{one.etag}"', "LastModified": one.last_modified}
                for one in self._reach(self._buckets.listed)
                if one.bucket == asked["Bucket"] and one.key.startswith(asked["Prefix"])
            ]
        }

    def _reach(self, call: Callable[[], Any], lost: Callable[[], object] = lambda: None) -> Any:  # noqa: ANN401
        def answered() -> object:
            if not self._buckets.answers:
                raise EndpointConnectionError(endpoint_url="s3")
            return call()

        def failure() -> EndpointConnectionError:
            lost()
            return EndpointConnectionError(endpoint_url="s3")

        return self._faults.effect(answered, failure)

    def _found(self, **asked: Any) -> StoredVersion:  # noqa: ANN401  boto3's
        bucket, key, version_id, if_match = asked["Bucket"], asked["Key"], asked.get("VersionId"), asked.get("IfMatch")
        if (code := self._buckets.refusal(bucket, key)) is not None:
            raise _error(code)
        found = self._buckets.named(bucket, key, version_id)
        if found is None:
            raise _error("NoSuchVersion" if version_id else "NoSuchKey")
        if if_match is not None and if_match.strip('"') != found.etag:
            raise _error("PreconditionFailed")
        return found


def _error(code: str) -> ClientError:
    answer: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": _STATUS.get(code, 503)}}
    return ClientError(answer, "GetObject")
