"""Exact uniqueness: 128-bit hashes of key values, counted by sorting.

A hundred and twenty-eight bits, so that a billion rows do not collide (probability below 1e-20).
Rows with a null in the key are left out; an unparsable cell takes part with its text.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dq.profiling.findings import MOST_EXAMPLES, Finding, first_findings, shortened
from dq.profiling.parsing import Parsed
from dq.profiling.recipe import Recipe
from dq.profiling.row_batch import LineNumbers
from dq.profiling.values import Cells, as_text, hash_values
from dq.schema.definition import FieldType

#: One key value: two independent 64-bit hashes.
KEY_HASH = np.dtype([("first", np.uint64), ("second", np.uint64)])
KeyHashes = npt.NDArray[np.void]

_SEEDS = (0x5851F42D4C957F2D, 0x14057B7EF767814F)
_TEXT_SEED = 0x2545F4914F6CDD1D
_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_LOOKBACK_ROWS = 200_000


@dataclass(frozen=True, slots=True, eq=False)
class KeyCount:
    """The hashes of one key's rows in one split, and the first repeats seen within it."""

    hashes: KeyHashes
    examples: tuple[Finding, ...] = ()


class KeyTally:
    """Collects the hashes of one key of one split."""

    def __init__(self, recipe: Recipe, key: tuple[int, ...], split: int) -> None:
        """Start with no row; `key` are indexes into the recipe's columns."""
        self._kinds = [recipe.columns[at].type for at in key]
        self._key = key
        self._split = split
        self._parts: list[KeyHashes] = []
        #: the first hashes of the first rows, sorted, to find repeats across batches
        self._seen = np.empty(0, np.uint64)
        self._examples: tuple[Finding, ...] = ()

    def add(self, batch: list[Cells], rows: int, line_numbers: LineNumbers) -> None:
        """Take in a batch of `rows` rows, whose cells are given for every column."""
        cells = [batch[at] for at in self._key]
        full = np.ones(rows, np.bool_)
        for one in cells:
            if one.rows is not None:
                present = np.zeros(rows, np.bool_)
                present[one.rows] = True
                full &= present
        hashes = np.empty(rows, KEY_HASH)
        for name, seed in zip(("first", "second"), _SEEDS, strict=True):
            hashes[name] = self._row_hashes(cells, rows, seed)
        kept = np.flatnonzero(full)
        hashes = hashes if len(kept) == rows else hashes[kept]
        if len(self._examples) < MOST_EXAMPLES:
            self._find_repeats(cells, hashes, kept, line_numbers)
        self._parts.append(hashes)

    def _row_hashes(self, cells: list[Cells], rows: int, seed: int) -> npt.NDArray[np.uint64]:
        together = np.zeros(rows, np.uint64)
        for one, kind in zip(cells, self._kinds, strict=True):
            values = _cell_hashes(one, kind, seed)
            if one.rows is not None:
                spread = np.zeros(rows, np.uint64)
                spread[one.rows] = values
                values = spread
            # Multiply and rotate, so that the order of the columns matters.
            together = (together * _SPREAD) ^ (values >> np.uint64(7)) ^ (values << np.uint64(57))
        return together

    def _find_repeats(
        self, cells: list[Cells], hashes: KeyHashes, rows: npt.NDArray[np.int64], line_numbers: LineNumbers
    ) -> None:
        first = np.ascontiguousarray(hashes["first"])
        ordered = np.sort(first)
        repeats = np.empty(0, np.int64)
        if (ordered[1:] == ordered[:-1]).any():
            order = np.argsort(first, kind="stable")
            repeats = order[1:][first[order[1:]] == first[order[:-1]]]
        if 0 < len(self._seen) < _LOOKBACK_ROWS:
            nearest = np.minimum(np.searchsorted(self._seen, first), len(self._seen) - 1)
            repeats = np.union1d(repeats, np.flatnonzero(self._seen[nearest] == first))
        if len(self._seen) < _LOOKBACK_ROWS:
            self._seen = np.sort(np.concatenate((self._seen, first)))
        at = np.sort(repeats)[: MOST_EXAMPLES - len(self._examples)]
        if len(at):
            places = rows[at]
            texts = [_texts_at(one, places) for one in cells]
            found = [
                Finding(self._split, line, shortened(", ".join(parts)))
                for line, *parts in zip(line_numbers(places), *texts, strict=True)
            ]
            self._examples = first_findings(self._examples, found)

    def count(self) -> KeyCount:
        """Give all hashes of the split, in the order of its rows."""
        hashes = np.concatenate(self._parts) if self._parts else np.empty(0, KEY_HASH)
        return KeyCount(hashes, self._examples)


def _cell_hashes(cells: Cells, kind: FieldType, seed: int) -> npt.NDArray[np.uint64]:
    ok = cells.parsed.ok
    if ok is None:
        return hash_values(cells.parsed, kind, seed)
    hashes = np.empty(len(ok), np.uint64)
    if ok.any():
        hashes[ok] = hash_values(cells.parsed, kind, seed)
    if not ok.all():
        texts = as_text(cells.present.filter(pa.array(~ok)))
        hashes[~ok] = hash_values(Parsed(None, texts, None), FieldType.STRING, seed ^ _TEXT_SEED)
    return hashes


def _texts_at(cells: Cells, rows: npt.NDArray[np.int64]) -> list[str]:
    positions = rows if cells.rows is None else np.searchsorted(cells.rows, rows)
    texts: list[str] = as_text(cells.present.take(pa.array(positions))).to_pylist()
    return texts


def count_repeats(parts: list[KeyHashes]) -> int:
    """Count the rows after the first of equal keys, among all rows of one hash range."""
    hashes = np.concatenate(parts) if len(parts) > 1 else parts[0]
    if len(hashes) == 0:
        return 0
    first = np.sort(hashes["first"])
    equal = first[1:] == first[:-1]
    if not equal.any():
        return 0
    doubtful = hashes[np.isin(hashes["first"], np.unique(first[1:][equal]))]
    return len(doubtful) - len(np.unique(doubtful))


def split_by_range(hashes: KeyHashes, ranges: int) -> list[KeyHashes]:
    """Deal hashes into `ranges` (at most 65,536) ranges of the first hash, about equally full."""
    if ranges == 1:
        return [hashes]
    number = (hashes["first"] >> np.uint64(48)) * np.uint64(ranges) >> np.uint64(16)
    order = np.argsort(number.astype(np.uint16), kind="stable")  # a radix sort
    edges = np.searchsorted(number[order], np.arange(1, ranges, dtype=np.uint64))
    return np.split(hashes[order], edges)
