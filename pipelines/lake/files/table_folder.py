"""The folder of a table, on this machine or in S3: whole files go in where nothing is, and none is ever changed."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from etl_core.objects.failures import ObjectConflictError
from etl_core.objects.place import parse_place
from etl_core.objects.store import ObjectStore, S3Access
from etl_core.objects.writing import write_object
from pipelines.lake.errors import TableUnavailableError


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
        return Path(place.key).absolute().as_uri() if place.bucket is None else f"s3a://{place.bucket}/{place.key}"

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


def lake_table(root: str, layer: str, table: str, access: S3Access | None = None) -> TableFolder:
    """The folder of one of the lake's tables.

    Args:
        root: LAKE_ROOT: `s3://bucket/prefix` or a local folder.
        layer: `silver` or `quarantine`.
        table: its name.
        access: how to sign in to S3.

    Raises:
        UsageError: the root is neither.
    """
    place = parse_place(root)
    if place.bucket is None:
        return TableFolder(f"{Path(place.key).absolute()}/{layer}/{table}")
    prefix = "/".join(part for part in (place.key.strip("/"), layer, table) if part)
    return TableFolder(f"s3://{place.bucket}/{prefix}", access or S3Access())


def _create_file(target: Path, data: bytes) -> None:
    """Write beside the target, then give it the name: nobody sees half a file, and an existing one stays."""
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = target.parent / f"{target.name}.{secrets.token_hex(8)}.tmp"
    try:
        with scratch.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
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
