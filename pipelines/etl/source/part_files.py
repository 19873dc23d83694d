"""The files of an extract: one after the other, each for one task of the next step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.parquet as pq

from etl_core.errors import PipelineError

if TYPE_CHECKING:
    from pipelines.etl.step_folder import NewFile, StepFolder

#: Rows of a file at most, and bytes that they take in memory, about: one that goes to S3 is whole in memory first.
ROWS_OF_A_PART: Final = 250_000
_BYTES_OF_A_PART: Final = 256 << 20


class PartFiles:
    """Files that are being written; made by `part_files`."""

    def __init__(self, folder: StepFolder, place: str, schema: pa.Schema, ending: str) -> None:
        self._folder, self._place, self._schema, self._ending = folder, place, schema, ending
        self._own = ExitStack()
        self._number = self._bytes = self._left = 0
        self.rows = 0
        self._begin()

    def add(self, rows: pa.RecordBatch) -> None:
        """Write rows; as many as fit into a file go there together.

        Raises: what `StepFolder.new_file` does.
        """
        at = 0
        while at < rows.num_rows:
            if not self._left or self._bytes > _BYTES_OF_A_PART:
                self.end()
                self._begin()
            some = rows.slice(at, self._left)
            self._writer.write_batch(some)
            at, self._left, self._bytes = at + some.num_rows, self._left - some.num_rows, self._bytes + some.nbytes
        self.rows += rows.num_rows

    def end(self) -> None:
        """Finish the file that is open, so that it is there."""
        self._writer.close()
        self._file.keep()
        self._own.close()

    def leave(self, error: BaseException) -> None:
        """Let the file that is open not be there."""
        self._own.__exit__(type(error), error, error.__traceback__)

    def _begin(self) -> None:
        self._number += 1
        self._left, self._bytes = ROWS_OF_A_PART, 0
        name = f"{self._place}/part-{self._number:05d}{self._ending}.parquet"
        self._file: NewFile = self._own.enter_context(self._folder.new_file(name))
        self._writer = self._own.enter_context(pq.ParquetWriter(self._file.sink, self._schema, compression="zstd"))


@contextmanager
def part_files(folder: StepFolder, place: str, schema: pa.Schema, ending: str = "") -> Iterator[PartFiles]:
    """Write files of rows to a folder, one at least; all are there when all went well, else none.

    Args:
        folder: that of the day.
        place: the folder of the attempt.
        schema: of the rows.
        ending: of the files' names, where others write to the folder also.

    Raises:
        StorageUnavailableError: S3 does not answer.
        TerminalError: the folder cannot be written.
    """
    files = PartFiles(folder, place, schema, ending)
    try:
        yield files
        files.end()
    except BaseException as error:
        files.leave(error)
        with suppress(PipelineError):  # it goes with the next attempt that succeeds
            folder.remove(place)
        raise
