"""One column of several files, its cells end to end: one kernel call for all of them, then slices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dq.profiling.cells.number_line import Numbers
from dq.profiling.cells.parsing import Parsed
from dq.profiling.cells.texts import as_text
from dq.profiling.cells.values import Cells
from dq.profiling.cells.written_moments import name_of
from dq.profiling.figures.bounds import broken_rules
from dq.profiling.figures.distinct import DistinctSketch
from dq.profiling.figures.frequencies import MOST_VALUES, OVERFLOWN, Frequencies
from dq.profiling.figures.hashing import hash_values
from dq.profiling.figures.moments import Moments
from dq.profiling.profile.column_profile import ColumnProfile
from dq.profiling.tally.column_figures import (
    COUNTED,
    KEPT_CHARACTERS,
    LENGTHS,
    MEASURED,
    CountedValues,
    extremes_of,
    offences_at,
    violations_of,
)
from dq.profiling.tally.offences import MOST_EXAMPLES
from dq.profiling.tally.recipe import CellEncoding, ColumnRecipe, Recipe
from dq.profiling.tally.row_batch import RowBatch
from dq.schema.definition import FieldType

#: Where each file's rows, or cells, begin, and behind them where the last one's end.
Edges: TypeAlias = npt.NDArray[np.int64]


def profiles_of_column(
    recipe: Recipe, column: ColumnRecipe, physical: pa.DataType, cells: Cells, edges: Edges, files: Sequence[RowBatch]
) -> list[ColumnProfile]:
    """Give the figures of one column in each of the files, whose `cells` lie end to end."""
    carried = name_of(physical) if recipe.encoding is CellEncoding.TYPED else recipe.encoding.value
    same: dict[str, Any] = {"physical": carried, "seen": not pa.types.is_null(physical)}
    nothing = DistinctSketch(recipe.distinct_size)
    known = _values(cells.parsed, column)
    ok = cells.parsed.ok
    present = edges if cells.rows is None else np.searchsorted(cells.rows, edges)
    parsed = present if ok is None else np.concatenate(([0], np.cumsum(ok)))[present]
    rows, present, parsed = edges.tolist(), present.tolist(), parsed.tolist()
    profiles = []
    for at, file in enumerate(files):
        cells_present, start, stop = present[at + 1] - present[at], parsed[at], parsed[at + 1]
        figures: dict[str, Any] = {"distinct": nothing}
        if known is not None and start < stop:
            figures = known.figures(start, stop)
            figures["distinct"] = nothing.add(figures["distinct"])
        if stop - start < cells_present or (known is not None and known.breaks_rules(start, stop)):
            own = cells.between(rows[at], rows[at + 1])
            figures |= _offences(own, column, file)
        wrong = cells.wrong_type and cells_present > 0
        profiles.append(ColumnProfile(present=cells_present, wrong_type=wrong, **same, **figures))
    return profiles


def _offences(own: Cells, column: ColumnRecipe, file: RowBatch) -> dict[str, Any]:
    """Give what is wrong with the cells of one file."""
    bad = own.unparsable_positions()
    found = offences_at(own, bad[:MOST_EXAMPLES], 0, file.line_numbers)
    offences: dict[str, Any] = {"unparsable": len(bad), "unparsable_cells": found}
    bits = broken_rules(own.parsed, column.type, column.rules) if len(own.parsed.cells) else None
    if bits is not None:
        offences["violations"], offences["violating_cells"] = violations_of(
            own, CountedValues(own.parsed), bits, column.rules, {}, 0, file.line_numbers
        )
    return offences


class _Values(Protocol):
    """The values of all files in one column."""

    def figures(self, start: int, stop: int) -> dict[str, Any]:
        """Give the figures of some of them, and as `distinct` the hashes of those that are distinct, or all."""

    def breaks_rules(self, start: int, stop: int) -> bool:
        """Tell whether any of them breaks a rule."""


def _values(parsed: Parsed, column: ColumnRecipe) -> _Values | None:
    if not len(parsed.cells):
        return None
    return _Texts(parsed, column) if parsed.numbers is None else _Numbers(parsed, parsed.numbers, column)


class _Numbers:
    """Values that are numbers."""

    def __init__(self, parsed: Parsed, numbers: Numbers, column: ColumnRecipe) -> None:
        self._kind, self._parsed, self._numbers = column.type, parsed, numbers
        self._hashes = hash_values(parsed, column.type)
        self._bits = broken_rules(parsed, column.type, column.rules)
        self._counts = _Counts(as_text(parsed.cells)) if column.type in COUNTED else None

    def figures(self, start: int, stop: int) -> dict[str, Any]:
        numbers, kind = self._numbers[start:stop], self._kind
        fine = kind is FieldType.DECIMAL or self._parsed.rests is not None
        least, largest = extremes_of(self._parsed.between(start, stop, None) if fine else self._parsed, numbers, kind)
        figures: dict[str, Any] = {"distinct": self._hashes[start:stop], "minimum": least, "maximum": largest}
        if self._parsed.with_offset is not None:
            figures["with_offset"] = int(np.count_nonzero(self._parsed.with_offset[start:stop]))
        if kind in MEASURED:
            figures["moments"] = Moments.of(numbers)
        if self._counts is not None:
            figures["frequencies"] = self._counts.of(start, stop).frequencies
        return figures

    def breaks_rules(self, start: int, stop: int) -> bool:
        return self._bits is not None and bool(self._bits[start:stop].any())


class _Texts:
    """Values that stay text: everything is done once for each distinct one."""

    def __init__(self, parsed: Parsed, column: ColumnRecipe) -> None:
        self._counts = _Counts(as_text(parsed.cells))
        distinct = Parsed(None, self._counts.distinct, None)
        self._hashes = hash_values(distinct, column.type)
        self._bits = broken_rules(distinct, column.type, column.rules)
        lengths = pc.utf8_length(distinct.cells) if column.type in LENGTHS else None
        self._lengths = None if lengths is None else lengths.to_numpy(zero_copy_only=False)

    def figures(self, start: int, stop: int) -> dict[str, Any]:
        counted = self._counts.of(start, stop)
        figures: dict[str, Any] = {
            "distinct": self._hashes[counted.places],
            "minimum": min(counted.values)[:KEPT_CHARACTERS],
            "maximum": max(counted.values)[:KEPT_CHARACTERS],
            "frequencies": counted.frequencies,
        }
        if self._lengths is not None:
            lengths = self._lengths[counted.places]
            figures["min_length"], figures["max_length"] = int(lengths.min()), int(lengths.max())
        return figures

    def breaks_rules(self, start: int, stop: int) -> bool:
        return self._bits is not None and bool(self._bits[self._counts.codes[start:stop]].any())


class _Counted(NamedTuple):
    """The distinct texts among some cells: their places among those of all cells, and how often they occur."""

    places: npt.NDArray[np.int32]
    values: list[str]
    frequencies: Frequencies


class _Counts:
    """Texts as the places of their distinct ones."""

    def __init__(self, text: pa.StringArray) -> None:
        encoded = text.dictionary_encode()
        self.codes: npt.NDArray[np.int32] = encoded.indices.to_numpy(zero_copy_only=False)
        self.distinct = encoded.dictionary
        self._values: npt.NDArray[Any] = encoded.dictionary.to_numpy(zero_copy_only=False)

    def of(self, start: int, stop: int) -> _Counted:
        places, counts = np.unique(self.codes[start:stop], return_counts=True)
        values: list[str] = self._values[places].tolist()
        if len(values) > MOST_VALUES:
            return _Counted(places, values, OVERFLOWN)
        return _Counted(places, values, Frequencies.of(dict(zip(values, counts.tolist(), strict=True))))
