"""Typed values as 64-bit hashes, for distinct sketches and for keys."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
import polars as pl
import polars_hash as plh

from dq.profiling.cells.parsing import Parsed, canonical_decimals
from dq.profiling.cells.texts import as_text
from dq.profiling.figures.mixing import mixed
from dq.schema.definition import FieldType


def hash_values(parsed: Parsed, kind: FieldType, seed: int = 0) -> npt.NDArray[np.uint64]:
    """Hash typed values to 64 bits, equal for equal values of one type whatever their spelling.

    Text by XXH3 (Collet 2019), which stays the same in every version of every library that has it; numbers one to one.
    A test pins the values, since stored sketches outlive a version.
    """
    if parsed.numbers is not None and kind is not FieldType.DECIMAL:
        numbers = parsed.numbers + 0  # both zeros have one hash
        hashes = mixed(numbers.view(np.uint64) ^ _spread(seed))
        if parsed.rests is not None:
            finer = parsed.rests != 0  # a value without nanoseconds has one hash, whatever its neighbours have
            hashes[finer] = mixed(hashes[finer] + parsed.rests[finer].astype(np.uint64))
        return hashes
    text = parsed.cells if parsed.numbers is None else canonical_decimals(as_text(parsed.cells))
    return pl.DataFrame({_TEXT: text}).select(_text_hash(seed)).to_series().to_numpy()


_TEXT = "text"


@cache
def _text_hash(seed: int) -> pl.Expr:
    return plh.col(_TEXT).nchash.xxh3_64(seed=seed)


@cache
def _spread(seed: int) -> np.uint64:
    """Make seeds that are close by far apart, and none of them 0, for then the number 0 would have the least hash."""
    spread: np.uint64 = mixed(np.array([seed ^ 0x9E3779B97F4A7C15], np.uint64))[0]
    return spread
