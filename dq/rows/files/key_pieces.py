"""Which rows of a file repeat a key of an earlier row, where its parts are read apart.

The keys of each batch are dealt into ranges, each with the rows it is of; where all of a range have met, rows that are
not the first of their key are told, part by part. "First" is the order of the file: parts, then rows. Within a batch
only the first row of a key goes on, so a key that very many rows have meets itself once a batch.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from dq.profiling.cells.number_line import Mask
from dq.profiling.cells.values import Cells
from dq.profiling.figures.key_tally import KeyedRows, keyed_rows
from dq.profiling.figures.mixing import mixed
from dq.profiling.figures.row_keys import Numbers
from dq.profiling.tally.recipe import Recipe
from dq.rows.row_marks import Rows

_ROW = np.dtype(np.uint32)


@dataclass(frozen=True, slots=True, order=True)
class KeyRange:
    """Where equal keys meet: a key of the recipe, its numbers or its hashes, and one range of them."""

    key: int
    hashed: bool
    number: int


@dataclass(frozen=True, slots=True)
class KeyPiece:
    """Keys of rows of one batch that fall into one range.

    `part` and `batch` say where in the file; `rows` count from the beginning of the part, ascending. `second` is empty
    for numbers.
    """

    range: KeyRange
    part: int
    batch: int
    rows: bytes
    first: bytes
    second: bytes


@dataclass(frozen=True, slots=True)
class Repeats:
    """Rows of one part that repeat a key of an earlier row: so many, ascending, as compressed steps."""

    part: int
    key: int
    rows: int
    packed: bytes


class KeyPieces:
    """The keys of one part, batch by batch."""

    def __init__(self, recipe: Recipe, part: int, ranges: int) -> None:
        """Begin with no row; every key is dealt into so many ranges."""
        self._recipe, self._part, self._ranges = recipe, part, ranges
        self._batch = self._rows = 0

    def of_batch(self, cells: Sequence[Cells], rows: int) -> Iterator[KeyPiece | Repeats]:
        """Give the pieces of the next batch, and its rows that repeat a key within it."""
        for at, key in enumerate(self._recipe.keys):
            kinds = [self._recipe.columns[column].type for column in key]
            keyed = keyed_rows([cells[column] for column in key], kinds, rows)
            yield from self._of_key(at, keyed)
        self._batch += 1
        self._rows += rows

    def _of_key(self, at: int, keyed: KeyedRows) -> Iterator[KeyPiece | Repeats]:
        none = np.zeros(len(keyed.rows), np.bool_)
        hashed: Mask = none if keyed.second is None else ~none if keyed.hashed is None else keyed.hashed
        for is_hashed, chosen in ((False, np.flatnonzero(~hashed)), (True, np.flatnonzero(hashed))):
            if not len(chosen):
                continue
            rows, first = keyed.rows[chosen] + self._rows, keyed.first[chosen]
            second = keyed.second[chosen] if is_hashed and keyed.second is not None else None
            later = _later_of_equal(first, second)
            if later.any():
                yield repeats_of(self._part, at, rows[later])
                rows, first = rows[~later], first[~later]
                second = None if second is None else second[~later]
            spread = first if is_hashed else mixed(first)
            bits = (spread >> np.uint64(48)) * np.uint64(self._ranges) >> np.uint64(16)
            for number in range(self._ranges):
                here = slice(None) if self._ranges == 1 else np.flatnonzero(bits == number)
                if len(rows[here]):
                    yield KeyPiece(
                        KeyRange(at, is_hashed, number),
                        self._part,
                        self._batch,
                        rows[here].astype(_ROW).tobytes(),
                        first[here].tobytes(),
                        b"" if second is None else second[here].tobytes(),
                    )


def repeats_among(pieces: Iterable[KeyPiece]) -> Iterator[Repeats]:
    """Tell which rows of all pieces of one range repeat a key of an earlier row."""
    ordered = sorted(pieces, key=lambda one: (one.part, one.batch))
    first = _numbers([one.first for one in ordered])
    second = _numbers([one.second for one in ordered]) if ordered and ordered[0].range.hashed else None
    later, start = _later_of_equal(first, second), 0
    of_part: dict[int, list[Rows]] = {}
    for piece in ordered:
        rows = np.frombuffer(piece.rows, _ROW)
        repeated = rows[later[start : start + len(rows)]]
        start += len(rows)
        if len(repeated):
            of_part.setdefault(piece.part, []).append(repeated.astype(np.int64))
    for part, found in of_part.items():
        yield repeats_of(part, ordered[0].range.key, np.concatenate(found))


def repeats_of(part: int, key: int, rows: Rows) -> Repeats:
    """Pack rows of one part, ascending."""
    steps = np.diff(rows, prepend=0).astype(_ROW)
    return Repeats(part, key, len(rows), zlib.compress(steps.tobytes(), 1))


def unpacked_rows(packed: Iterable[bytes]) -> Rows:
    """Give the rows of all pieces, ascending."""
    pieces = [np.cumsum(np.frombuffer(zlib.decompress(one), _ROW), dtype=np.int64) for one in packed]
    return np.sort(np.concatenate([np.empty(0, np.int64), *pieces]))


def _numbers(parts: Sequence[bytes]) -> Numbers:
    return np.concatenate([np.empty(0, np.uint64), *(np.frombuffer(one, np.uint64) for one in parts)])


def _later_of_equal(first: Numbers, second: Numbers | None) -> Mask:
    """Tell which keys equal an earlier one."""
    later: Mask = np.zeros(len(first), np.bool_)
    order = np.argsort(first, kind="stable") if second is None else np.lexsort((second, first))
    same = first[order[1:]] == first[order[:-1]]
    if second is not None:
        same &= second[order[1:]] == second[order[:-1]]
    later[order[1:][same]] = True
    return later
