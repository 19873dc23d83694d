"""The one partner of each row in a reference, found by its key, and by when where a key has several in turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dq import MASK, PipelineError, shown
from pipelines.transforms.enriched.enrichment import Enrichment

Numbers: TypeAlias = npt.NDArray[np.int64]

#: No row of the reference.
NONE: Final = -1
#: Beyond all moments: where a side is open.
_ALWAYS, _NEVER = np.iinfo(np.int64).min, np.iinfo(np.int64).max


class AmbiguousReferenceError(PipelineError):
    """A reference has two rows for one key, so that nobody can say which is the partner."""


@dataclass(frozen=True, slots=True, eq=False)
class Partners:
    """A reference made ready for looking up; plain arrays, so it travels to tasks as it is.

    Attributes:
        enrichment: what is looked up, and how.
        taken: the columns that are taken, their rows in the order of keys and then of when they begin to count.
        values: the distinct values of each column of the key.
        steps: for every column of the key but the first, the pairs of numbers there are, ascending.
        keys: of the rows, as numbers.
        starts: from when on each row counts.
        ends: before when.
        moments: all `starts`, ascending and each once.
        begins: keys and the places of their starts among `moments`, in one number each, ascending.
    """

    enrichment: Enrichment
    taken: tuple[pa.Array, ...]
    values: tuple[pa.Array, ...]
    steps: tuple[Numbers, ...]
    keys: Numbers
    starts: Numbers
    ends: Numbers
    moments: Numbers
    begins: Numbers

    @classmethod
    def of(cls, enrichment: Enrichment, reference: pa.Table, *, hidden: bool = False) -> Partners:
        """Make a reference ready, which has the columns of `enrichment.wanted`.

        With `hidden` no value of it is told: the column of the file that it is looked up by is sensitive.

        Rows with a null in the key are nobody's partner. With `valid`, neither are rows that end before they begin.

        Raises:
            AmbiguousReferenceError: a key has two rows that count at the same time; one such key is named.
        """
        columns = [reference[there.name].combine_chunks() for _, there in enrichment.on]
        full = np.ones(reference.num_rows, np.bool_)
        for column in columns:
            full &= column.is_valid().to_numpy(zero_copy_only=False)
        starts, ends = _spans(enrichment, reference)
        places = np.flatnonzero(full & (starts < ends))
        columns = [column.take(pa.array(places)) for column in columns]
        values = tuple(column.unique() for column in columns)
        keys, steps = _numbers_of_keys(columns, values)
        order = np.lexsort((starts[places], keys))
        places, keys = places[order], keys[order]
        starts, ends = starts[places], ends[places]
        twice = np.flatnonzero((keys[1:] == keys[:-1]) & (starts[1:] < ends[:-1]))
        if len(twice):
            row = {name: reference[name][int(places[twice[0]])].as_py() for name in reference.column_names}
            raise AmbiguousReferenceError(_told_twice(enrichment, row, len(twice), hidden=hidden))
        taken = tuple(reference[one.column].combine_chunks().take(pa.array(places)) for one in enrichment.take)
        moments = np.unique(starts)
        begins = _pairs(keys, np.searchsorted(moments, starts, side="right"))
        return cls(enrichment, taken, values, steps, keys, starts, ends, moments, begins)

    def places(self, columns: Mapping[str, pa.Array]) -> Numbers:
        """Give the place of each row's partner, `NONE` where it has none.

        Args:
            columns: at least those of the key, and that of `valid`, typed as the reference's.
        """
        key = [columns[here] for here, _ in self.enrichment.on]
        found = _looked_up(key, self.values, self.steps)
        if not len(self.keys):
            return np.full(len(found), NONE, np.int64)
        valid = self.enrichment.valid
        at = np.zeros(len(found), np.int64) if valid is None else _moments(columns[valid.at], _NEVER)
        # The last row of the key that begins at the moment or before it.
        begun = np.searchsorted(self.begins, _pairs(found, np.searchsorted(self.moments, at, side="right")), "right")
        place = np.maximum(begun - 1, 0)
        fits = (found != NONE) & (self.keys[place] == found) & (self.starts[place] <= at) & (at < self.ends[place])
        chosen: Numbers = np.where(fits, place, NONE)
        return chosen


def _pairs(keys: Numbers, moments: Numbers) -> Numbers:
    """Put a key and the place of a moment into one number, in the order of both."""
    pairs: Numbers = (keys << np.int64(32)) + moments
    return pairs


def _spans(enrichment: Enrichment, reference: pa.Table) -> tuple[Numbers, Numbers]:
    valid = enrichment.valid
    if valid is None:
        return np.zeros(reference.num_rows, np.int64), np.ones(reference.num_rows, np.int64)
    starts, ends = (reference[name].combine_chunks() for name in (valid.start, valid.end))
    return _moments(starts, _ALWAYS), _moments(ends, _NEVER)


def _moments(column: pa.Array, null: int) -> Numbers:
    """Give days or microseconds as numbers, and `null` for null."""
    numbers = column.cast(pa.int32()).cast(pa.int64()) if pa.types.is_date32(column.type) else column.cast(pa.int64())
    moments: Numbers = pc.fill_null(numbers, null).to_numpy(zero_copy_only=False)
    return moments


def _numbers_of_keys(columns: Sequence[pa.Array], values: Sequence[pa.Array]) -> tuple[Numbers, tuple[Numbers, ...]]:
    """Number the keys of full rows: equal ones have the same number, counted from 0 without a gap."""
    numbers, steps = _places_in(columns[0], values[0]), []
    for column, known in zip(columns[1:], values[1:], strict=True):
        pairs = numbers * len(known) + _places_in(column, known)
        distinct, numbers = np.unique(pairs, return_inverse=True)
        steps.append(distinct)
    return numbers, tuple(steps)


def _looked_up(columns: Sequence[pa.Array], values: Sequence[pa.Array], steps: Sequence[Numbers]) -> Numbers:
    """Give the numbers that `_numbers_of_keys` gave to the same keys, `NONE` to others."""
    numbers = _places_in(columns[0], values[0])
    for column, known, distinct in zip(columns[1:], values[1:], steps, strict=True):
        places = _places_in(column, known)
        pairs = numbers * len(known) + places
        at = np.minimum(np.searchsorted(distinct, pairs), max(len(distinct) - 1, 0))
        there = (numbers != NONE) & (places != NONE) & (len(distinct) > 0)
        numbers = np.where(there & (distinct[at] == pairs if len(distinct) else False), at, NONE)
    return numbers


def _places_in(column: pa.Array, values: pa.Array) -> Numbers:
    """Give the place of each value among distinct ones; `NONE` for null and for what is not there."""
    places = pc.index_in(column, value_set=values, skip_nulls=True)
    found: Numbers = pc.fill_null(places, NONE).to_numpy(zero_copy_only=False).astype(np.int64)
    return found


def _told_twice(enrichment: Enrichment, row: Mapping[str, object], count: int, *, hidden: bool) -> str:
    names = [there.name for _, there in enrichment.on]
    key = ", ".join(f"{name} {MASK if hidden else shown(str(row[name]))}" for name in names)
    more = f" (and {count - 1:,} more)" if count > 1 else ""
    if enrichment.valid is None:
        return (
            f"{enrichment.source} has two rows for {key}{more}, so that nobody can say which one is meant; keep one, or"
            ' say which counts when, as in "valid": {"at": "service_date", "from": "valid_from", "to": "valid_to"}'
        )
    start, end = (MASK if hidden else row[name] for name in (enrichment.valid.start, enrichment.valid.end))
    return (
        f"{enrichment.source} has two rows for {key}{more} that count at the same time: the one from {start} to {end}"
        " and a later one; let each end where the next begins"
    )
