"""How the values of a column spread over bins of about equal width."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from dq.profiling.cells.number_line import as_number, from_numbers, rest_of, text_of
from dq.profiling.profile.column_profile import ColumnProfile
from dq.profiling.summary.summary import Bin
from dq.schema.definition import FieldType

_BINS = 20
_INNER = np.arange(1, _BINS)


def histogram(numbers: npt.NDArray[Any], state: ColumnProfile, values: int, kind: FieldType) -> tuple[Bin, ...]:
    """Count values in about equal bins between the exact extremes, scaled from the sample to all values.

    `numbers` are ascending. Whole numbers, days and microseconds have bins that begin and end at one.
    """
    low, high = as_number(state.minimum), as_number(state.maximum)
    inner: npt.NDArray[Any]
    if isinstance(low, int) and isinstance(high, int):
        bins = min(high - low + 1, _BINS)
        inner = np.array([low + (high - low + 1) * at // bins for at in range(1, bins)], np.int64)
    elif not math.isfinite(high - low):
        return ()
    else:
        inner = low + _INNER * ((high - low) / _BINS) if low < high else np.empty(0)
    places = [0, *numbers.searchsorted(inner).tolist(), len(numbers)]
    counts = [end - start for start, end in pairwise(places)]
    edges = _edges((low, *inner.tolist(), high), kind, (rest_of(state.minimum), rest_of(state.maximum)))
    return tuple(map(Bin, edges, edges[1:], _apportioned(counts, values)))


def _edges(numbers: Sequence[float], kind: FieldType, outer: tuple[int, int]) -> list[float | str]:
    """Write the borders of bins: numbers as they are, what is measured in time as texts.

    Only the first and the last one have nanoseconds, `outer`, for they are values.
    """
    if kind not in _WRITTEN:
        return list(map(float, numbers))
    rests = [outer[0], *[0] * (len(numbers) - 2), outer[1]]
    return [text_of(value) for value in from_numbers(numbers, kind, rests)]


_WRITTEN = (FieldType.DATE, FieldType.DATETIME, FieldType.DURATION)


def _apportioned(counts: Sequence[int], total: int) -> Sequence[int]:
    """Scale counts so that they sum to `total` exactly (largest remainders)."""
    summed = sum(counts)
    if summed in (0, total):
        return counts
    exact = np.array(counts) * (total / summed)
    floor: npt.NDArray[np.int64] = np.floor(exact).astype(np.int64)
    short = total - int(floor.sum())
    order = np.argsort(floor - exact, kind="stable")
    floor[order[:short]] += 1
    apportioned: list[int] = floor.tolist()
    return apportioned
