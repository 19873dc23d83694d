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
from dq.profiling.cells.parsing import ONE_TO_ONE
from dq.profiling.cells.values import Cells
from dq.profiling.figures.hashing import hash_values
from dq.profiling.figures.key_tally import SEEDS, key_numbers, row_hashes
from dq.profiling.figures.row_keys import KEY_HASH, Hashes, Numbers, RowKeys
from dq.profiling.row_rules.outcome import RowOutcome
from dq.schema.definition import FieldType, Reference, WantedKeys


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceKeys:
    """All keys that something holds: numbers in ascending order, hashes in that of their first halves."""

    numbers: Numbers
    hashes: Hashes

    @classmethod
    def of(cls, keys: RowKeys) -> ReferenceKeys:
        """Bring keys into their order; repeats do not matter."""
        thinned = keys.thinned()
        return cls(thinned.numbers, thinned.hashes)

    def __len__(self) -> int:
        """Count the keys."""
        return len(self.numbers) + len(self.hashes)

    def have_numbers(self, wanted: Numbers) -> Mask:
        """Tell which keys of one number are among them."""
        return _found(self.numbers, wanted)

    def have_hashes(self, wanted: Hashes) -> Mask:
        """Tell which other keys are among them."""
        found = np.zeros(len(wanted), np.bool_)
        firsts, seconds = (np.ascontiguousarray(self.hashes[half]) for half in ("first", "second"))
        first = np.ascontiguousarray(wanted["first"])
        places, left = np.searchsorted(firsts, first), np.arange(len(wanted))
        while len(left):  # more than once only where first halves repeat
            left = left[places[left] < len(firsts)]
            left = left[firsts[places[left]] == first[left]]
            found[left] = seconds[places[left]] == wanted["second"][left]
            left = left[~found[left]]
            places[left] += 1
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
    number = ONE_TO_ONE.get(kinds[0]) if len(columns) == 1 else None
    if number is None:
        hashes = np.empty(rows, KEY_HASH)
        for name, seed in zip(("first", "second"), SEEDS, strict=True):
            hashes[name] = row_hashes(columns, kinds, rows, seed)
        asked = np.flatnonzero(checked)
        missing = ~keys.have_hashes(hashes[asked])
    else:
        (column,) = columns
        asked = column.row_of(column.parsed_positions())
        missing = ~_have(keys, column, number, kinds[0])
    failing = np.zeros(rows, np.bool_)
    failing[asked[missing]] = True
    return RowOutcome(failing, checked)


def _have(keys: ReferenceKeys, column: Cells, number: type[np.int64 | np.float64], kind: FieldType) -> Mask:
    """Tell which cells that parse are keys of one number, or of one with nanoseconds beyond."""
    parsed = column.parsed
    found = keys.have_numbers(key_numbers(parsed, number))
    if parsed.rests is not None:
        finer = parsed.rests != 0
        hashes = np.empty(int(finer.sum()), KEY_HASH)
        for name, seed in zip(("first", "second"), SEEDS, strict=True):
            hashes[name] = hash_values(parsed, kind, seed)[finer]
        found[finer] = keys.have_hashes(hashes)
    return found


def _found(ordered: Numbers, wanted: Numbers) -> Mask:
    """Tell which numbers are among others, which are in ascending order."""
    if not len(ordered):
        return np.zeros(len(wanted), np.bool_)
    places = np.minimum(np.searchsorted(ordered, wanted), len(ordered) - 1)
    found: Mask = ordered[places] == wanted
    return found
