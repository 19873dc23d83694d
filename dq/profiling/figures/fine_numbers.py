"""Numbers of microseconds with nanoseconds beyond, as one Arrow column: decimals of three places.

Row samples hold them where, and as long as, one of their rows has such nanoseconds. Which type a column has follows
from its values alone, so that samples merge to the same bytes in any order.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

#: Microseconds of 64 bits with three places: what Arrow makes of whole numbers beside such decimals.
FINE = pa.decimal128(22, 3)
_PER_NUMBER = 1000


def fine_numbers(numbers: npt.NDArray[np.int64], rests: npt.NDArray[np.int64], missing: Any = None) -> pa.Array:  # noqa: ANN401 - a mask or None
    """Put whole numbers and rests of 0 to 999 together, null where `missing`; whole numbers where there is no rest."""
    rests = rests if missing is None else np.where(missing, 0, rests)
    if not rests.any():
        return pa.array(numbers, pa.int64(), mask=missing)
    # A decimal is a whole number of 128 bits, its low word first; a rest is one as it is.
    words = np.zeros((len(rests), 2), np.int64)
    words[:, 0] = rests
    behind = pa.Array.from_buffers(FINE, len(rests), [None, pa.py_buffer(words)])
    before = pa.array(numbers, pa.int64(), mask=missing).cast(FINE)
    return pc.add(before, behind).cast(FINE)


def parts_of(column: pa.Array) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Give the whole numbers and the rests of such decimals, none of them null."""
    whole = pc.floor(column)
    behind = pc.multiply(pc.subtract(column, whole), pa.scalar(Decimal(_PER_NUMBER)))
    return tuple(pc.cast(part, pa.int64()).to_numpy(zero_copy_only=False) for part in (whole, behind))


def plainest(cells: pa.Table) -> pa.Table:
    """Make whole numbers of all columns that have no rest any more."""
    for at, field in enumerate(cells.schema):
        if field.type == FINE:
            column = cells.column(at)
            if pc.all(pc.equal(pc.floor(column), column)).as_py() in (True, None):
                cells = cells.set_column(at, field.name, column.cast(pa.int64()))
    return cells


def joined(parts: list[pa.Table]) -> pa.Table:
    """Put tables of equal columns below each other, with decimals where any of them has some."""
    try:
        return pa.concat_tables(parts)
    except pa.ArrowInvalid:
        return pa.concat_tables(parts, promote_options="permissive")
