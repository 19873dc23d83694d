"""Which rows repeat the key of an earlier one, exactly: a first pass finds the keys that repeat, a second the rows.

Memory is bounded by the keys that do repeat, however many rows there are: all keys of the first pass go through
`GatheredKeys`, which puts many of them on disk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from dq.engine.keys.gathered_keys import GatheredKeys
from dq.profiling.cells.number_line import Mask
from dq.profiling.cells.values import Cells
from dq.profiling.figures.key_tally import KeyedRows, keyed_rows
from dq.profiling.figures.row_keys import Hashes, Numbers, joined
from dq.profiling.row_rules.operands import present_in
from dq.profiling.tally.recipe import Recipe
from dq.profiling.tally.row_batch import RowBatch
from dq.rows.row_marks import KeyRepeats, read_column

_COPIES = 2


class KeyRepeatFinder:
    """The keys of one file or frame: all its batches go through `collect`, then again, in order, through `repeats`."""

    def __init__(self, recipe: Recipe) -> None:
        """Begin with no row."""
        self._recipe = recipe
        self._gathered: GatheredKeys[int] = GatheredKeys(copies=_COPIES)
        self._known: list[_RepeatedKeys] | None = None

    def collect(self, batch: RowBatch) -> None:
        """Take in the keys of a batch.

        Raises:
            NoTemporarySpaceError: they are too many for memory, and the disk is full.
        """
        cells = {at: read_column(self._recipe, batch, at) for at in {at for key in self._recipe.keys for at in key}}
        for at in range(len(self._recipe.keys)):
            self._gathered.add(at, self._keyed(at, cells, batch.rows).keys())

    def repeats(self, cells: Sequence[Cells], rows: int) -> Mapping[tuple[str, ...], KeyRepeats]:
        """Give, for each key by its columns, which rows of the next batch repeat an earlier row."""
        if self._known is None:
            self._known = [_RepeatedKeys(self._gathered, at) for at in range(len(self._recipe.keys))]
            self._gathered.close()
        found = {}
        for at, key in enumerate(self._recipe.keys):
            names = tuple(self._recipe.columns[column].name for column in key)
            if not len(self._known[at]):
                found[names] = KeyRepeats(np.empty(0, np.int64), full_rows([cells[column] for column in key], rows))
                continue
            keyed = self._keyed(at, cells, rows)
            found[names] = KeyRepeats(keyed.rows[self._known[at].seen_before(keyed)], len(keyed.rows))
        return found

    def again(self) -> None:
        """Let the rows come once more from the first on."""
        for key in self._known or ():
            key.forget()

    def close(self) -> None:
        """Forget the keys, and delete what is on disk."""
        self._gathered.close()

    def _keyed(self, at: int, cells: Sequence[Cells] | Mapping[int, Cells], rows: int) -> KeyedRows:
        key = self._recipe.keys[at]
        kinds = [self._recipe.columns[column].type for column in key]
        return keyed_rows([cells[column] for column in key], kinds, rows)


class _RepeatedKeys:
    """The values of one key that several rows have, and which of them have been seen so far."""

    def __init__(self, gathered: GatheredKeys[int], name: int) -> None:
        keys = joined(list(gathered.repeated(name)))
        self._numbers: Numbers = np.sort(keys.numbers)
        self._hashes: Hashes = np.sort(keys.hashes, order=("first", "second"))
        self._seen = np.zeros(len(keys), np.bool_)

    def __len__(self) -> int:
        """Count them."""
        return len(self._seen)

    def seen_before(self, keyed: KeyedRows) -> Mask:
        """Tell which of the rows, that come in order, have a key that an earlier row has."""
        repeated: Mask = np.zeros(len(keyed.rows), np.bool_)
        if not len(self._seen):
            return repeated
        places = self._places(keyed)
        known = np.flatnonzero(places >= 0)
        if not len(known):
            return repeated
        values, firsts, back = np.unique(places[known], return_index=True, return_inverse=True)
        is_first = np.zeros(len(known), np.bool_)
        is_first[firsts] = True
        repeated[known] = ~is_first | self._seen[values][back]
        self._seen[values] = True
        return repeated

    def forget(self) -> None:
        """Begin at the first row again."""
        self._seen[:] = False

    def _places(self, keyed: KeyedRows) -> npt.NDArray[np.int64]:
        """Give each row the place of its key among those that repeat, numbers first; -1 where it does not."""
        places = np.full(len(keyed.rows), -1, np.int64)
        hashed = np.full(len(keyed.rows), keyed.second is not None) if keyed.hashed is None else keyed.hashed
        plain = np.flatnonzero(~hashed)
        places[plain] = _found(self._numbers, keyed.first[plain], None, None)
        if keyed.second is not None:
            at = np.flatnonzero(hashed)
            found = _found(self._hashes["first"], keyed.first[at], self._hashes["second"], keyed.second[at])
            places[at] = np.where(found >= 0, found + len(self._numbers), -1)
        return places


def full_rows(key: Sequence[Cells], rows: int) -> int:
    """Count the rows without a null in a key."""
    full = np.ones(rows, np.bool_)
    for one in key:
        full &= present_in(one, rows)
    return int(np.count_nonzero(full))


def _found(known: Numbers, first: Numbers, rest: Numbers | None, second: Numbers | None) -> npt.NDArray[np.int64]:
    """Give the places of numbers among the ascending known ones, -1 where they are not; so of pairs of numbers."""
    found = np.full(len(first), -1, np.int64)
    if not len(known):
        return found
    at = np.searchsorted(known, first)
    while True:
        inside = at < len(known)
        same = np.zeros(len(first), np.bool_)
        same[inside] = known[at[inside]] == first[inside]
        if rest is None or second is None:
            found[same] = at[same]
            return found
        hit = same.copy()
        hit[same] = rest[at[same]] == second[same]
        found[hit] = at[hit]
        again = same & ~hit & (found < 0)  # half of the bits are those of another key: it may be the next one
        if not again.any():
            return found
        at = np.where(again, at + 1, len(known))
