"""Exact uniqueness: from the cells of rows to what stands for their keys, and the first repeats.

A key of one number is that number, unless it has nanoseconds beyond; any other key is hashed. Rows with a null in the
key are left out; an unparsable cell takes part with its text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dq.profiling.cells.number_line import Mask
from dq.profiling.cells.parsing import ONE_TO_ONE, Parsed
from dq.profiling.cells.texts import as_text
from dq.profiling.cells.values import Cells
from dq.profiling.figures.hashing import hash_values
from dq.profiling.figures.row_keys import KEY_HASH, Numbers, RowKeys, joined, sorted_numbers
from dq.profiling.tally.offences import MOST_EXAMPLES, Offence, first_offences, shortened
from dq.profiling.tally.recipe import Recipe
from dq.profiling.tally.row_batch import LineNumbers
from dq.schema.definition import FieldType

_SEEDS = (0x5851F42D4C957F2D, 0x14057B7EF767814F)
_TEXT_SEED = 0x2545F4914F6CDD1D
_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_LOOKBACK_ROWS = 200_000
_SIGN = np.uint64(1 << 63)


@dataclass(frozen=True, slots=True, eq=False)
class SplitKeys:
    """One key of some rows of a split, and the first repeats seen within it."""

    keys: RowKeys
    examples: tuple[Offence, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class KeyedRows:
    """The keys of some rows of a batch: those without a null in the key, ascending.

    `first` are 64 bits of each key. Of numbers they are all there is; the other 64 are in `second`, which is None where
    every key is a number. `hashed` tells the keys that are hashes, None where all with a `second` are.
    """

    rows: npt.NDArray[np.int64]
    first: Numbers
    second: Numbers | None = None
    hashed: Mask | None = None

    def keys(self) -> RowKeys:
        """Give them in the form that is counted."""
        if self.second is None:
            return RowKeys(self.first)
        if self.hashed is None:
            return RowKeys(hashes=_pairs(self.first, self.second))
        return RowKeys(self.first[~self.hashed], _pairs(self.first[self.hashed], self.second[self.hashed]))


def _pairs(first: Numbers, second: Numbers) -> npt.NDArray[np.void]:
    pairs = np.empty(len(first), KEY_HASH)
    pairs["first"], pairs["second"] = first, second
    return pairs


def keyed_rows(cells: Sequence[Cells], kinds: Sequence[FieldType], rows: int) -> KeyedRows:
    """Give the keys of a batch of `rows` rows, whose cells in the key's columns, of these types, are given."""
    number = ONE_TO_ONE.get(kinds[0]) if len(kinds) == 1 else None
    return _hashed_rows(cells, kinds, rows) if number is None else _numbered_rows(cells[0], kinds[0], number)


def _numbered_rows(cells: Cells, kind: FieldType, number: type[np.int64 | np.float64]) -> KeyedRows:
    """Give keys of one number; finer ones, and texts that are no number, are hashed."""
    parsed, ok = cells.parsed, cells.parsed.ok
    found = np.empty(0, number) if parsed.numbers is None else (parsed.numbers + number(0)).astype(number, copy=False)
    values = _as_bits(found)
    if ok is None and parsed.rests is None:
        return KeyedRows(cells.row_of(np.arange(len(values), dtype=np.int64)), values)
    present = len(values) if ok is None else len(ok)
    first, second, hashed = np.empty(present, np.uint64), np.zeros(present, np.uint64), np.zeros(present, np.bool_)
    fits = slice(None) if ok is None else ok
    first[fits] = values
    if parsed.rests is not None:
        finer = np.zeros(present, np.bool_)
        finer[fits] = parsed.rests != 0
        for half, seed in zip((first, second), _SEEDS, strict=True):
            half[finer] = hash_values(parsed, kind, seed)[parsed.rests != 0]
        hashed |= finer
    if ok is not None:
        texts = Parsed(None, as_text(cells.present.filter(pa.array(~ok))), None)
        for half, seed in zip((first, second), _SEEDS, strict=True):
            half[~ok] = hash_values(texts, FieldType.STRING, seed ^ _TEXT_SEED)
        hashed |= ~ok
    return KeyedRows(cells.row_of(np.arange(present, dtype=np.int64)), first, second, hashed)


def _hashed_rows(cells: Sequence[Cells], kinds: Sequence[FieldType], rows: int) -> KeyedRows:
    full = np.ones(rows, np.bool_)
    for one in cells:
        if one.rows is not None:
            present = np.zeros(rows, np.bool_)
            present[one.rows] = True
            full &= present
    first, second = (_row_hashes(cells, kinds, rows, seed) for seed in _SEEDS)
    kept = np.flatnonzero(full)
    return KeyedRows(kept, first, second) if len(kept) == rows else KeyedRows(kept, first[kept], second[kept])


def _row_hashes(cells: Sequence[Cells], kinds: Sequence[FieldType], rows: int, seed: int) -> Numbers:
    together = np.zeros(rows, np.uint64)
    for one, kind in zip(cells, kinds, strict=True):
        values = _cell_hashes(one, kind, seed)
        if one.rows is not None:
            spread = np.zeros(rows, np.uint64)
            spread[one.rows] = values
            values = spread
        # Multiply and rotate, so that the order of the columns matters.
        together = (together * _SPREAD) ^ (values >> np.uint64(7)) ^ (values << np.uint64(57))
    return together


class KeyTally:
    """Collects one key of the rows of a split, until somebody takes what was collected."""

    def __init__(self, recipe: Recipe, key: tuple[int, ...], split: int) -> None:
        """Start with no row; `key` are indexes into the recipe's columns."""
        self._kinds = [recipe.columns[at].type for at in key]
        self._key = key
        self._split = split
        self._collected: list[RowKeys] = []
        #: 64 bits of the first rows' keys, sorted, to find repeats across batches
        self._seen = np.empty(0, np.uint64)
        self._examples: tuple[Offence, ...] = ()

    def add(self, batch: Mapping[int, Cells] | Sequence[Cells], rows: int, line_numbers: LineNumbers) -> None:
        """Take in a batch of `rows` rows, whose cells are given for every column."""
        cells = [batch[at] for at in self._key]
        keyed = keyed_rows(cells, self._kinds, rows)
        self._collected.append(keyed.keys())
        if len(self._examples) < MOST_EXAMPLES:
            self._find_repeats(cells, keyed.first, keyed.rows, line_numbers)

    def _find_repeats(
        self, cells: list[Cells], first: Numbers, rows: npt.NDArray[np.int64], line_numbers: LineNumbers
    ) -> None:
        ordered = sorted_numbers(first)
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
                Offence(self._split, line, shortened(", ".join(parts)), parts=_parts(parts))
                for line, *parts in zip(line_numbers(places), *texts, strict=True)
            ]
            self._examples = first_offences(self._examples, found)

    def taken(self) -> SplitKeys:
        """Give the keys of the rows that came since they were last taken, and the first repeats of all so far."""
        keys, self._collected = joined(self._collected), []
        return SplitKeys(keys, self._examples)


def _parts(texts: Sequence[str]) -> tuple[str, ...]:
    """Give the texts of a key of several columns; of one its text is enough."""
    return tuple(map(shortened, texts)) if len(texts) > 1 else ()


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


def _as_bits(numbers: npt.NDArray[np.int64 | np.float64]) -> Numbers:
    """Take numbers for unsigned ones, in the order of the whole ones among them."""
    bits: Numbers = numbers.view(np.uint64) ^ _SIGN
    return bits
