"""Exact uniqueness: what stands for each key, counted by sorting.

A key of one number is a number of 64 bits itself, unless it has nanoseconds beyond. Any other key is hashed to 128
bits, so that a billion rows do not collide (probability below 1e-20). Rows with a null in the key are left out; an
unparsable cell takes part with its text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgpack
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dq.profiling.cells.number_line import Mask
from dq.profiling.cells.parsing import ONE_TO_ONE, Parsed
from dq.profiling.cells.texts import as_text
from dq.profiling.cells.values import Cells
from dq.profiling.figures.hashing import hash_values
from dq.profiling.figures.mixing import mixed
from dq.profiling.tally.offences import MOST_EXAMPLES, Offence, first_offences, shortened
from dq.profiling.tally.recipe import Recipe
from dq.profiling.tally.row_batch import LineNumbers
from dq.schema.definition import FieldType

#: One key that is no number: two independent 64-bit hashes.
KEY_HASH = np.dtype([("first", np.uint64), ("second", np.uint64)])
Numbers = npt.NDArray[np.uint64]
Hashes = npt.NDArray[np.void]

_SEEDS = (0x5851F42D4C957F2D, 0x14057B7EF767814F)
_TEXT_SEED = 0x2545F4914F6CDD1D
_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_LOOKBACK_ROWS = 200_000
_WIDTHS = (np.uint8, np.uint16, np.uint32, np.uint64)
_MOST_HEAD = 64
_SIGN = np.uint64(1 << 63)


def _no_numbers() -> Numbers:
    return np.empty(0, np.uint64)


def _no_hashes() -> Hashes:
    return np.empty(0, KEY_HASH)


@dataclass(frozen=True, slots=True, eq=False)
class RowKeys:
    """The keys of some rows, in no order: `numbers` are values as they are, `hashes` stand for all others."""

    numbers: Numbers = field(default_factory=_no_numbers)
    hashes: Hashes = field(default_factory=_no_hashes)

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.numbers) + len(self.hashes)

    def dealt(self, ranges: int) -> list[RowKeys]:
        """Deal them into `ranges` (at most 65,536) ranges, about equally full; equal keys meet in one."""
        if ranges == 1:
            return [self]
        numbers: list[Numbers] = _dealt(self.numbers, mixed(self.numbers), ranges)
        hashes: list[Hashes] = _dealt(self.hashes, self.hashes["first"], ranges)
        return [RowKeys(*pair) for pair in zip(numbers, hashes, strict=True)]

    def to_bytes(self) -> bytes:
        """Write them for the way to another process, numbers as steps from each to the next larger one.

        Identifiers given out one after the other then need one byte each, whatever their range.
        """
        steps = np.diff(_sorted(self.numbers), prepend=np.uint64(0))
        width = next(kind for kind in _WIDTHS if not len(steps) or steps[1:].max(initial=0) <= np.iinfo(kind).max)
        head = msgpack.packb([len(steps), steps[:1].tobytes(), np.dtype(width).str, len(self.hashes)])
        return b"".join((head, steps[1:].astype(width).tobytes(), self.hashes.tobytes()))

    @classmethod
    def from_bytes(cls, data: bytes) -> RowKeys:
        """Read them back, the numbers in ascending order."""
        unpacker = msgpack.Unpacker()
        unpacker.feed(memoryview(data)[:_MOST_HEAD])
        count, first, width, others = unpacker.unpack()
        start = unpacker.tell()
        steps = np.frombuffer(data, width, max(count - 1, 0), start)
        numbers = np.cumsum(np.concatenate((np.frombuffer(first, np.uint64), steps), dtype=np.uint64), dtype=np.uint64)
        return cls(numbers, np.frombuffer(data, KEY_HASH, others, start + steps.nbytes))


@dataclass(frozen=True, slots=True, eq=False)
class SplitKeys:
    """One key of all rows of a split, and the first repeats seen within it."""

    keys: RowKeys
    examples: tuple[Offence, ...] = ()


class KeyTally:
    """Collects one key of all rows of a split."""

    def __init__(self, recipe: Recipe, key: tuple[int, ...], split: int) -> None:
        """Start with no row; `key` are indexes into the recipe's columns."""
        self._kinds = [recipe.columns[at].type for at in key]
        self._key = key
        self._split = split
        self._number = ONE_TO_ONE.get(self._kinds[0]) if len(key) == 1 else None
        self._numbers: list[Numbers] = []
        self._hashes: list[Hashes] = []
        #: 64 bits of the first rows' keys, sorted, to find repeats across batches
        self._seen = np.empty(0, np.uint64)
        self._examples: tuple[Offence, ...] = ()

    def add(self, batch: Mapping[int, Cells] | Sequence[Cells], rows: int, line_numbers: LineNumbers) -> None:
        """Take in a batch of `rows` rows, whose cells are given for every column."""
        cells = [batch[at] for at in self._key]
        if self._number is not None:
            first, kept = self._add_numbers(cells[0], self._number)
        else:
            first, kept = self._add_hashes(cells, rows)
        if len(self._examples) < MOST_EXAMPLES:
            self._find_repeats(cells, first, kept, line_numbers)

    def _add_numbers(self, cells: Cells, kind: type[np.int64 | np.float64]) -> tuple[Numbers, npt.NDArray[np.int64]]:
        """Take in a key of one number; gives 64 bits of every key, and its row, ascending."""
        numbers = cells.parsed.numbers
        values = _no_numbers() if numbers is None else _as_bits((numbers + kind(0)).astype(kind, copy=False))
        if cells.parsed.rests is None:
            self._numbers.append(values)
        else:
            values = self._add_finer(cells.parsed, values, cells.parsed.rests != 0)
        ok = cells.parsed.ok
        if ok is None:
            return values, cells.row_of(np.arange(len(values), dtype=np.int64))
        bad = cells.unparsable_positions()
        texts = Parsed(None, as_text(cells.present.take(pa.array(bad))), None)
        hashes = np.empty(len(bad), KEY_HASH)
        for name, seed in zip(("first", "second"), _SEEDS, strict=True):
            hashes[name] = hash_values(texts, FieldType.STRING, seed ^ _TEXT_SEED)
        self._hashes.append(hashes)
        first = np.empty(len(ok), np.uint64)
        first[ok], first[bad] = values, hashes["first"]
        return first, cells.row_of(np.arange(len(ok), dtype=np.int64))

    def _add_finer(self, parsed: Parsed, values: Numbers, finer: Mask) -> Numbers:
        """Take in numbers some of which are `finer`, and stand as hashes; gives 64 bits of every one."""
        self._numbers.append(values[~finer])
        hashes = np.empty(int(finer.sum()), KEY_HASH)
        for name, seed in zip(("first", "second"), _SEEDS, strict=True):
            hashes[name] = hash_values(parsed, self._kinds[0], seed)[finer]
        self._hashes.append(hashes)
        first: Numbers = values.copy()
        first[finer] = hashes["first"]
        return first

    def _add_hashes(self, cells: list[Cells], rows: int) -> tuple[Numbers, npt.NDArray[np.int64]]:
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
        self._hashes.append(hashes)
        return np.ascontiguousarray(hashes["first"]), kept

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
        self, cells: list[Cells], first: Numbers, rows: npt.NDArray[np.int64], line_numbers: LineNumbers
    ) -> None:
        ordered = _sorted(first)
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

    def count(self) -> SplitKeys:
        """Give all keys of the split."""
        numbers = np.concatenate([_no_numbers(), *self._numbers])
        hashes = np.concatenate([_no_hashes(), *self._hashes])
        return SplitKeys(RowKeys(numbers, hashes), self._examples)


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


def count_repeats(parts: Sequence[RowKeys]) -> int:
    """Count the rows after the first of equal keys, among all rows of one range."""
    numbers = _sorted(np.concatenate([_no_numbers(), *(part.numbers for part in parts)]))
    hashes = np.concatenate([_no_hashes(), *(part.hashes for part in parts)])
    return int(np.count_nonzero(numbers[1:] == numbers[:-1])) + _repeated_hashes(hashes)


def _repeated_hashes(hashes: Hashes) -> int:
    first = np.sort(hashes["first"])
    equal = first[1:] == first[:-1]
    if not equal.any():
        return 0
    doubtful = hashes[np.isin(hashes["first"], np.unique(first[1:][equal]))]
    return len(doubtful) - len(np.unique(doubtful))


def _as_bits(numbers: npt.NDArray[np.int64 | np.float64]) -> Numbers:
    """Take numbers for unsigned ones, in the order of the whole ones among them."""
    bits: Numbers = numbers.view(np.uint64) ^ _SIGN
    return bits


def _sorted(numbers: Numbers) -> Numbers:
    return numbers if (numbers[1:] >= numbers[:-1]).all() else np.sort(numbers)


def _dealt(keys: npt.NDArray[Any], spread: Numbers, ranges: int) -> list[npt.NDArray[Any]]:
    number = (spread >> np.uint64(48)) * np.uint64(ranges) >> np.uint64(16)
    order = np.argsort(number.astype(np.uint16), kind="stable")  # a radix sort
    edges = np.searchsorted(number[order], np.arange(1, ranges, dtype=np.uint64))
    return np.split(keys[order], edges)
