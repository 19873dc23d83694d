"""One part of an extract on its way through the checks: it is shaped and written while it is counted.

Whether its rows may be loaded is not known yet. Hardly ever one of them fails; where one does, what was written here
goes, and the rows that pass are shaped again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.etl.errors import UnfitValueError
from pipelines.etl.shaping.shape_rows import Shape
from pipelines.etl.source.snapshot import ROW_HASH
from pipelines.etl.step_folder import StepFolder

#: Rows that are counted, shaped and written at once.
ROWS_AT_ONCE: Final = 128 * 1024


@dataclass(frozen=True, slots=True)
class ShapingReader:
    """Reads parts of an extract for their checks, and leaves them shaped in another folder; travels to tasks.

    Attributes:
        folder: that of the day.
        place: where shaped parts go, each under the name it has.
        target: the columns of shaped rows.
        shape: what is made of them; None: they stay as they are.
    """

    folder: StepFolder
    place: str
    target: pa.Schema
    shape: Shape | None

    def __call__(self, part: str) -> Iterator[pa.RecordBatch]:
        """Give the rows of a part; once all are read, they lie shaped in their file, unless they cannot be shaped."""
        with ExitStack() as open_file:
            shaped: _ShapedPart | None = _ShapedPart(self, part, open_file)
            for batch in self.folder.rows_of(part, ROWS_AT_ONCE):
                rows = batch.drop_columns([ROW_HASH])
                if shaped is not None and not shaped.add(rows):
                    shaped = None
                yield rows
            if shaped is not None:
                shaped.keep()


class _ShapedPart:
    """The file of a part; it is there once it is kept."""

    def __init__(self, reader: ShapingReader, part: str, own: ExitStack) -> None:
        self._shape, self._target = reader.shape, reader.target
        self._file = own.enter_context(reader.folder.new_file(f"{reader.place}/{part.rpartition('/')[2]}"))
        self._writer = own.enter_context(pq.ParquetWriter(self._file.sink, self._target, compression="zstd"))

    def add(self, rows: pa.RecordBatch) -> bool:
        """Shape and write rows; False where that cannot be: then some of them fail, and others go without them."""
        try:
            made = rows if self._shape is None else self._shape.shaped(rows)
            columns = [column.cast(field.type) for column, field in zip(made.columns, self._target, strict=True)]
        except (pa.ArrowException, ValueError, UnfitValueError):
            return False
        self._writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=self._target))
        return True

    def keep(self) -> None:
        self._writer.close()
        self._file.keep()
