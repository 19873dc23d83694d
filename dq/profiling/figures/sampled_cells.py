"""The cells of sampled rows: parsed for the figures, as text for people."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dq.profiling.cells.parsing import sample_type
from dq.profiling.cells.texts import as_text, offsets_of
from dq.profiling.cells.values import Cells
from dq.profiling.figures.fine_numbers import fine_numbers
from dq.schema.definition import FieldType

#: Rows shown to people in the payload, and characters of a cell in them.
SHOWN_ROWS = 50
_SHOWN_CHARACTERS = 256


def sampled_values(cells: Cells, kind: FieldType, chosen: npt.NDArray[np.int64], rows: int) -> pa.Array:
    """Give the parsed values of the chosen rows: numbers or text, null where there is none."""
    arrow = sample_type(kind)
    if not len(cells.parsed.cells):
        return pa.nulls(len(chosen), arrow)
    at: Any = chosen
    missing = None
    if cells.rows is not None or cells.parsed.ok is not None:
        place = np.full(rows, -1, np.int64)
        where = cells.row_of(cells.parsed_positions())
        place[where] = np.arange(len(where))
        missing = place[chosen] < 0
        at = np.where(missing, 0, place[chosen])
    if cells.parsed.numbers is not None:
        numbers, rests = cells.parsed.numbers[at], None if cells.parsed.rests is None else cells.parsed.rests[at]
        if missing is not None:
            numbers[missing] = 0  # or another row's value would travel along, unseen
        if rests is not None:
            return fine_numbers(numbers, rests, missing)
        return pa.array(numbers, arrow, mask=missing)
    return _cut(as_text(cells.parsed.cells.take(pa.array(at, mask=missing))))


def shown_texts(cells: Cells, chosen: npt.NDArray[np.int64]) -> pa.Array:
    """Give the text of the chosen rows' cells, whether they parse or not; null where they are null."""
    if cells.rows is None:
        return _cut(as_text(cells.present.take(pa.array(chosen))))
    if not len(cells.rows):
        return pa.nulls(len(chosen), pa.string())
    positions = np.minimum(np.searchsorted(cells.rows, chosen), len(cells.rows) - 1)
    absent = cells.rows[positions] != chosen
    return _cut(as_text(cells.present.take(pa.array(positions, mask=absent))))


def _cut(text: pa.StringArray) -> pa.StringArray:
    offsets = offsets_of(text)
    if np.diff(offsets).max(initial=0) <= _SHOWN_CHARACTERS:  # in bytes: no text is longer in characters
        return text
    return pc.utf8_slice_codeunits(text, 0, _SHOWN_CHARACTERS)
