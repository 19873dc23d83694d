"""The folder of a table, on this machine or in S3: whole files go in where nothing is, and none is ever changed."""

from __future__ import annotations

import errno
import io
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from etl_core.errors import ObjectGoneError
from etl_core.objects.failures import ObjectConflictError
from etl_core.objects.heads import head_of
from etl_core.objects.place import parse_place
from etl_core.objects.store import ObjectStore, S3Access
from etl_core.objects.writing import write_object
from pipelines.lake.errors import TableUnavailableError
from pipelines.lake.files.folders import place_of_lake, plain_name


@dataclass(frozen=True, slots=True)
class TableFolder:
    """Where a table lies and how it is reached; travels to Spark's tasks.

    Attributes:
        uri: `s3://bucket/prefix` or an absolute local path, without a slash at its end.
        access: how to sign in to S3.
    """

    uri: str
    access: S3Access = field(default_factory=S3Access)

    @property
    def is_local(self) -> bool:
        """Whether it is on this machine."""
        return parse_place(self.uri).bucket is None

    @property
    def for_spark(self) -> str:
        """The folder as Spark's file systems call it."""
        place = parse_place(self.uri)
        return str(Path(place.key).absolute()) if place.bucket is None else f"s3a://{place.bucket}/{place.key}"

    def create(self, path: str, data: bytes) -> None:
        """Write a file whole, or not at all.

        Args:
            path: relative to the folder.
            data: its content.

        Raises:
            ObjectConflictError: a file of other content is there.
            ObjectRefusedError: S3 lets us not write there.
            StorageUnavailableError: S3 does not answer.
            TableUnavailableError: the disk is full or takes no file.
        """
        place = parse_place(self.uri)
        if place.bucket is not None:
            write_object(ObjectStore(self.access), place.bucket, f"{place.key}/{path}", data)
            return
        target = Path(place.key) / path
        with _named_failures(target):
            _create_file(target, data)

    def storage_options(self) -> dict[str, str]:
        """What delta-rs needs to reach the folder: our keys, or those of AWS' own chain as boto3 finds them.

        Raises:
            ObjectRefusedError: the settings of AWS on this machine allow no client.
        """
        place = parse_place(self.uri)
        if place.bucket is None:
            return {}
        client: Any = ObjectStore(self.access).s3
        credentials = client._request_signer._credentials  # noqa: SLF001 - botocore's only way to what a client signs with
        frozen = None if credentials is None else credentials.get_frozen_credentials()
        given = {
            "AWS_REGION": client.meta.region_name or "us-east-1",
            "AWS_ENDPOINT_URL": self.access.endpoint,
            "AWS_ALLOW_HTTP": "true" if (self.access.endpoint or "").startswith("http:") else None,
            "AWS_ACCESS_KEY_ID": frozen and frozen.access_key,
            "AWS_SECRET_ACCESS_KEY": frozen and frozen.secret_key,
            "AWS_SESSION_TOKEN": frozen and frozen.token,
        }
        return {name: value for name, value in given.items() if value}

    def open_file(self, path: str) -> pa.NativeFile:
        """Open a file of the table for reading parts of it.

        Raises:
            ObjectGoneError: it is not there any more.
            StorageUnavailableError: S3 does not answer.
        """
        place = parse_place(self.uri)
        if place.bucket is not None:
            return pa.PythonFile(_StoredFile(ObjectStore(self.access), place.bucket, f"{place.key}/{path}"), mode="r")
        try:
            return pa.OSFile(str(Path(place.key) / path), mode="r")
        except FileNotFoundError as error:
            raise ObjectGoneError(f"{place.key}/{path} is not there any more; VACUUM or somebody took it") from error

    def exists(self, path: str) -> bool:
        """Whether a file is there.

        Raises:
            StorageUnavailableError: S3 does not answer.
        """
        place = parse_place(self.uri)
        if place.bucket is not None:
            return head_of(ObjectStore(self.access), place.bucket, f"{place.key}/{path}") is not None
        return (Path(place.key) / path).is_file()


class _StoredFile(io.RawIOBase):
    """A file of a table in S3, for reading by ranges."""

    def __init__(self, store: ObjectStore, bucket: str, key: str) -> None:
        self._store, self._at = store, 0
        self._head = store.peek(bucket, key).head

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._head.size}[whence]
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        wanted = self._head.size - self._at if size is None or size < 0 else size
        data = self._store.read(self._head, self._at, wanted)
        self._at += len(data)
        return data


def lake_table(root: str, layer: str, table: str, access: S3Access | None = None) -> TableFolder:
    """The folder of one of the lake's tables.

    Args:
        root: LAKE_ROOT: `s3://bucket/prefix` or a local folder.
        layer: `silver` or `quarantine`.
        table: its name.
        access: how to sign in to S3.

    Raises:
        UsageError: the root is neither, or a prefix that not every reader finds.
    """
    place, name = place_of_lake(root), plain_name(table)
    if place.bucket is None:
        return TableFolder(f"{Path(place.key).absolute()}/{layer}/{name}")
    prefix = "/".join(part for part in (place.key.strip("/"), layer, name) if part)
    return TableFolder(f"s3://{place.bucket}/{prefix}", access or S3Access())


def _create_file(target: Path, data: bytes) -> None:
    """Write beside the target, then give it the name: nobody sees half a file, and an existing one stays."""
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = target.parent / f"{target.name}.{secrets.token_hex(8)}.tmp"
    try:
        with scratch.open("xb") as file:
            file.write(data)
        os.link(scratch, target)
    except FileExistsError as error:
        if target.read_bytes() != data:
            raise ObjectConflictError(f"{target} was not written: another file is there") from error
    finally:
        scratch.unlink(missing_ok=True)


@contextmanager
def _named_failures(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        advice = "make room on that disk" if full else "let this user write there, or name another LAKE_ROOT"
        raise TableUnavailableError(f"{target} could not be written: {error.strerror}; {advice}") from error
