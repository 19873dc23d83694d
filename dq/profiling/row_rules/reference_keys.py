"""Keys that something else holds, and which rows of a batch have one of them.

They are compared as the keys of rows are: as typed values of the fields' types, whatever their spelling.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias

import numpy as np

from dq.profiling.cells.number_line import Mask
from dq.profiling.cells.values import Cells
from dq.profiling.figures.key_tally import KeyedRows, keyed_rows
from dq.profiling.figures.mixing import mixed
from dq.profiling.figures.row_keys import Numbers, RowKeys
from dq.profiling.row_rules.outcome import RowOutcome
from dq.schema.definition import FieldType, Reference, WantedKeys


@dataclass(frozen=True, slots=True, eq=False)
class KeyRun:
    """Some keys: numbers in ascending order, and the halves of hashes in the order of their first ones.

    With a `cover`, numbers stand as `covered_numbers` gives them: nobody who finds them knows what they were.
    """

    numbers: Numbers
    firsts: Numbers
    seconds: Numbers
    cover: int | None = None

    @classmethod
    def of(cls, keys: RowKeys) -> KeyRun:
        """Bring keys into their order; repeats do not matter."""
        thinned = keys.thinned()
        firsts, seconds = (np.ascontiguousarray(thinned.hashes[half]) for half in ("first", "second"))
        return cls(thinned.numbers, firsts, seconds)

    def __len__(self) -> int:
        """Count the keys."""
        return len(self.numbers) + len(self.firsts)

    def have(self, wanted: KeyedRows) -> Mask:
        """Tell which keys of rows are among them."""
        if wanted.second is None:
            return self._have_numbers(wanted.first)
        if wanted.hashed is None:
            return self._have_hashes(wanted.first, wanted.second)
        hashed = wanted.hashed
        found = np.empty(len(hashed), np.bool_)
        found[~hashed] = self._have_numbers(wanted.first[~hashed])
        found[hashed] = self._have_hashes(wanted.first[hashed], wanted.second[hashed])
        return found

    def _have_numbers(self, wanted: Numbers) -> Mask:
        return _found(self.numbers, wanted if self.cover is None else covered_numbers(wanted, self.cover))

    def _have_hashes(self, first: Numbers, second: Numbers) -> Mask:
        found = np.zeros(len(first), np.bool_)
        firsts, seconds = self.firsts, self.seconds
        places, left = np.searchsorted(firsts, first), np.arange(len(first))
        while len(left):  # more than once only where first halves repeat
            left = left[places[left] < len(firsts)]
            left = left[firsts[places[left]] == first[left]]
            found[left] = seconds[places[left]] == second[left]
            left = left[~found[left]]
            places[left] += 1
        return found


def covered_numbers(numbers: Numbers, cover: int) -> Numbers:
    """Give numbers that stand for others one to one, and nobody knows for which who does not know the `cover`."""
    return mixed(mixed(numbers ^ np.uint64(cover)) ^ np.uint64(cover))


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceKeys:
    """All keys that something holds, in runs; a key may be in several of them."""

    runs: tuple[KeyRun, ...]

    @classmethod
    def of(cls, keys: RowKeys) -> ReferenceKeys:
        """Take keys as one run; repeats do not matter."""
        return cls((KeyRun.of(keys),))

    def __len__(self) -> int:
        """Count the keys, those of several runs once for each."""
        return sum(map(len, self.runs))

    def have(self, wanted: KeyedRows) -> Mask:
        """Tell which keys of rows are among them."""
        found = self.runs[0].have(wanted)
        for run in self.runs[1:]:
            found |= run.have(wanted)
        return found


@dataclass(frozen=True, slots=True)
class UnreadKeys:
    """Keys that could not be read, and why."""

    reason: str


#: What is known of the keys that files of a batch refer to.
KnownReferences: TypeAlias = "Mapping[WantedKeys, ReferenceKeys | UnreadKeys]"
NO_REFERENCES: Final[KnownReferences] = MappingProxyType({})


def evaluate_reference(
    reference: Reference, keys: ReferenceKeys, kinds: Sequence[FieldType], cells: Mapping[str, Cells], rows: int
) -> RowOutcome:
    """Tell which rows of a batch refer to a key that is there.

    Args:
        reference: which columns are the key.
        keys: those that are there.
        kinds: the types of these columns.
        cells: at least these columns, by their names.
        rows: how many the batch has.

    Returns:
        The rows whose key is full and of its types, and those of them whose key is not there.
    """
    columns = [cells[name] for name in reference.columns]
    checked = np.ones(rows, np.bool_)
    for one in columns:
        parsed = np.zeros(rows, np.bool_)
        parsed[one.row_of(one.parsed_positions())] = True
        checked &= parsed
    keyed = keyed_rows(columns, kinds, rows)
    asked = keyed.rows[~keys.have(keyed)]
    failing = np.zeros(rows, np.bool_)
    failing[asked] = True
    return RowOutcome(failing & checked, checked)


def _found(ordered: Numbers, wanted: Numbers) -> Mask:
    """Tell which numbers are among others, which are in ascending order."""
    if not len(ordered):
        return np.zeros(len(wanted), np.bool_)
    places = np.minimum(np.searchsorted(ordered, wanted), len(ordered) - 1)
    found: Mask = ordered[places] == wanted
    return found
