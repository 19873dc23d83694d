"""Where the rows between steps lie: `ETL_ROOT/FLOW/DAY/KIND/ATTEMPT/`, on this machine or in S3.

An attempt writes to a folder of its own, and the ledger names the one that counts. What a killed attempt left behind
is nobody's, and goes when a later one has been done.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq
import structlog

from dq import ObjectStore
from etl_core.errors import ObjectGoneError, PipelineError, SettingsError, TerminalError
from etl_core.objects.listing import list_entries
from etl_core.objects.place import parse_place
from etl_core.objects.writing import delete_objects, write_object

if TYPE_CHECKING:
    from etl_core.objects.store import S3Access

#: What rows are there: as they were read, fit for the table, and rejected with their findings; and the report.
Kind: TypeAlias = Literal["extract", "clean", "rejected", "report"]
_SUFFIX: Final = ".parquet"
#: Bytes at the end of a file in which its footer is: it has some hundreds for each column of a row group.
_FOOTER: Final = 1 << 20

log = structlog.get_logger()


@dataclass(slots=True)
class NewFile:
    """A file that is being written to `sink`; without `keep` it never was."""

    sink: pa.NativeFile
    kept: bool = False

    def keep(self) -> None:
        """Let it be there from when it is closed on."""
        self.kept = True


@dataclass(frozen=True, slots=True)
class StepFolder:
    """The folders of one day of a flow.

    Attributes:
        root: ETL_ROOT.
        flow: its name.
        day: of the rows.
        access: how to sign in to S3.
    """

    root: str
    flow: str
    day: date
    access: S3Access | None = field(default=None, repr=False)

    @property
    def is_local(self) -> bool:
        """Whether they are on this machine."""
        return parse_place(self.root).bucket is None

    def place(self, kind: Kind, attempt: int | str) -> str:
        """Name the folder, or file, of one attempt; a local one by its whole path."""
        place = parse_place(self.root)
        last = f"{attempt:06d}" if isinstance(attempt, int) else attempt
        inner = f"{self.flow}/{self.day}/{kind}/{last}"
        if place.bucket is None:
            return str(Path(place.key).absolute() / inner)
        return "/".join(part for part in (f"s3://{place.bucket}", place.key.strip("/"), inner) if part)

    def parts(self, place: str) -> tuple[str, ...]:
        """Name the files of rows in a folder, in order; none where it is gone."""
        where = parse_place(place)
        if where.bucket is None:
            return tuple(sorted(str(path) for path in Path(where.key).glob(f"*{_SUFFIX}")))
        entries = list_entries(ObjectStore(self.access), where.bucket, f"{where.key}/")
        return tuple(f"s3://{one.bucket}/{one.key}" for one in entries if one.key.endswith(_SUFFIX))

    def require(self, place: str | None) -> tuple[str, ...]:
        """Name the files of rows in a folder, which has to be there.

        Raises:
            ObjectGoneError: it is gone.
        """
        parts = self.parts(place) if place else ()
        if not parts:
            hint = "run the step before again with --full, and where steps run on several machines have ETL_ROOT in S3"
            raise ObjectGoneError(f"the rows at {place} are not there; {hint}")
        return parts

    def rows(self, place: str, at_once: int) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
        """Give the columns of a folder's rows, and the rows, so many at once.

        Raises:
            ObjectGoneError: it is gone.
            StorageUnavailableError: S3 does not answer.
            TerminalError: a file is no Parquet.
        """
        parts = self.require(place)
        return self.schema(parts[0]), self._batches(parts, at_once)

    def _batches(self, parts: tuple[str, ...], at_once: int) -> Iterator[pa.RecordBatch]:
        for part in parts:
            yield from self.rows_of(part, at_once)

    def rows_of(self, part: str, at_once: int) -> Iterator[pa.RecordBatch]:
        """Give the rows of one file, so many at once. Raises what `rows` does."""
        with self._file(part) as file:
            yield from file.iter_batches(at_once, use_threads=False)

    def schema(self, part: str) -> pa.Schema:
        """Give the columns of one file. Raises what `rows` does."""
        with self._file(part, footer=True) as file:
            schema: pa.Schema = file.schema_arrow.remove_metadata()
        return schema

    def count(self, parts: Iterable[str]) -> int:
        """Count the rows of files by their footers. Raises what `rows` does."""
        rows = 0
        for part in parts:
            with self._file(part, footer=True) as file:
                rows += file.metadata.num_rows
        return rows

    @contextmanager
    def new_file(self, place: str) -> Iterator[NewFile]:
        """Write a file of rows, over one that a killed attempt left; it stays when it is kept.

        Raises: as `create`.
        """
        where = parse_place(place)
        if where.bucket is not None:
            buffer = pa.BufferOutputStream()
            new = NewFile(buffer)
            yield new
            if new.kept:
                data = buffer.getvalue().to_pybytes()
                write_object(ObjectStore(self.access), where.bucket, where.key, data)
            return
        path = Path(where.key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with pa.OSFile(str(path), "wb") as file:
                new = NewFile(file)
                try:
                    yield new
                finally:
                    if not new.kept:
                        path.unlink(missing_ok=True)  # its folder may have gone first
        except OSError as error:
            raise TerminalError(f"{place} cannot be written: {error.strerror}; let this user write there") from error

    @contextmanager
    def _file(self, part: str, *, footer: bool = False) -> Iterator[pq.ParquetFile]:
        try:
            with pq.ParquetFile(self._opened(part, footer=footer)) as file:
                yield file
        except (pa.ArrowInvalid, OSError) as error:
            message = f"{part} cannot be read ({type(error).__name__}); run the step before again with --full"
            raise TerminalError(message) from error

    def create(self, place: str, data: bytes) -> None:
        """Write a small file where there is none.

        Raises:
            StorageUnavailableError: S3 does not answer.
            TerminalError: the folder cannot be written.
        """
        where = parse_place(place)
        if where.bucket is not None:
            write_object(ObjectStore(self.access), where.bucket, where.key, data, content_type="application/json")
            return
        try:
            Path(where.key).parent.mkdir(parents=True, exist_ok=True)
            Path(where.key).write_bytes(data)
        except OSError as error:
            raise TerminalError(f"{place} cannot be written: {error.strerror}; let this user write there") from error

    def remove(self, place: str) -> None:
        """Delete the folder of an attempt that nothing names.

        Raises:
            StorageUnavailableError: S3 does not answer.
        """
        where = parse_place(place)
        if where.bucket is None:
            shutil.rmtree(where.key, ignore_errors=True)
            return
        store = ObjectStore(self.access)
        delete_objects(store, where.bucket, [one.key for one in list_entries(store, where.bucket, f"{where.key}/")])

    def remove_others(self, kind: Kind, kept: str) -> None:
        """Delete the folders of other attempts."""
        place = parse_place(self.place(kind, ""))
        if place.bucket is None:
            for path in Path(place.key).glob("*"):
                if str(path) != kept:
                    shutil.rmtree(path, ignore_errors=True)
            return
        store, mine = ObjectStore(self.access), parse_place(kept).key
        try:
            found = [one.key for one in list_entries(store, place.bucket, place.key)]
            delete_objects(store, place.bucket, [key for key in found if not key.startswith(f"{mine}/")])
        except PipelineError as error:  # what counts is done
            log.warning("what earlier attempts left behind stays", place=str(place), error=error)

    def _opened(self, part: str, *, footer: bool) -> pa.NativeFile:
        """Open a file; one of S3 comes whole, which is some ten megabytes, or its end alone."""
        where = parse_place(part)
        if where.bucket is None:
            return pa.OSFile(where.key, mode="r")
        store = ObjectStore(self.access)
        head = store.peek(where.bucket, where.key).head
        start = max(head.size - _FOOTER, 0) if footer else 0
        return pa.BufferReader(store.read(head, start, head.size - start))


def require_writable(root: str) -> None:
    """Make the folder of this machine that rows lie in, before anything is read for it.

    Raises:
        SettingsError: it cannot be made, or not written.
    """
    folder = Path(parse_place(root).key).absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        problem = f"ETL_ROOT: {folder} cannot be written: {error.strerror}; expected a folder this user may write"
        raise SettingsError("settings", [problem]) from error


def for_spark(place: str) -> str:
    """Name a folder as Spark's file systems call it."""
    where = parse_place(place)
    return Path(where.key).absolute().as_uri() if where.bucket is None else f"s3a://{where.bucket}/{where.key}"
