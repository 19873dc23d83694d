"""Which row is meant: some of its cells as text, each with the name of its column."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dq.profiling.cells.texts import as_text
from dq.profiling.cells.values import Cells

#: Stands for a cell that is null.
NULL = "null"


def row_texts(names: Sequence[str], cells: Sequence[Cells], rows: npt.NDArray[np.int64]) -> list[str]:
    """Write some rows of a batch as `a=1, b=2`, by the columns given with their names."""
    parts = [_texts_of(column, rows) for column in cells]
    return [
        ", ".join(f"{name}={text}" for name, text in zip(names, row, strict=True)) for row in zip(*parts, strict=True)
    ]


def _texts_of(cells: Cells, rows: npt.NDArray[np.int64]) -> list[str]:
    """Give cells of some rows as text."""
    if cells.rows is None:
        return [str(text) for text in as_text(cells.present.take(pa.array(rows))).to_pylist()]
    there = np.isin(rows, cells.rows)
    places = np.searchsorted(cells.rows, rows[there])
    texts = iter(as_text(cells.present.take(pa.array(places))).to_pylist())
    return [str(next(texts)) if present else NULL for present in there]
