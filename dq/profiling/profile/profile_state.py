"""Profiles that outlive their run: columns known by name and type, so that a day, an agency or a month can be merged.

A state is made once per file, when all its parts are merged. From then on `+` merges states of any files, in any order.
Columns of one name and type become one; a file without a column adds nulls to it; a name of two types stays two
columns. Of a sensitive column only counts and lengths are kept: a hash of a short value is as good as the value.

However many files are merged, a state is hardly larger than that of one wide file: it has the columns of the first
`MOST_NAMES` names in their order. A name that gave way in a merge is behind so many others in every merge this one goes
into, and never comes back half counted. (Whether a column is declared differs from file to file: were declared ones
preferred, one could come back.)
"""

from __future__ import annotations

import hashlib
import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

import pyarrow as pa

from dq.profiling.cells.parsing import sample_type
from dq.profiling.figures.distinct import DistinctSketch
from dq.profiling.figures.frequencies import OVERFLOWN
from dq.profiling.figures.moments import Moments
from dq.profiling.figures.row_sample import RowSample
from dq.profiling.profile.column_profile import ColumnProfile
from dq.profiling.profile.file_profile import FileProfile
from dq.profiling.tally.offences import Offence, first_offences
from dq.profiling.tally.recipe import DISTINCT_HASHES, SAMPLE_ROWS, CellEncoding, Recipe, bounded
from dq.schema.definition import FieldType, SchemaDefinition

#: Names of the columns of a merge at most.
MOST_NAMES = 4096
#: What a state has at most, shared by its columns of different names: hashes, and cells of the row sample. Up to 32
#: columns have as much as they had in the file itself.
_HASHES, _SAMPLED_CELLS = 1 << 19, 1 << 18

#: Stands in a row sample for columns of which none may be seen; no column has this label.
_NO_COLUMN = ""

#: The figures of a column in a file without it: neutral, whatever the size of the others' sketches.
_NOTHING = ColumnProfile(distinct=DistinctSketch(2**62))


@dataclass(frozen=True, slots=True, order=True)
class StateColumn:
    """A column of a state. `position` is its place in the file, of several files the first."""

    position: int
    name: str
    type: FieldType
    declared: bool = False
    sensitive: bool = False

    @property
    def label(self) -> str:
        """Name it in the row sample."""
        return f"{self.type.value} {self.name}"


@dataclass(frozen=True, slots=True)
class StateKey:
    """A declared key: rows without a null in it, and those of them that repeat an earlier row of their own file."""

    columns: tuple[str, ...]
    full: int
    repeated: int


@dataclass(frozen=True, slots=True)
class ProfileState:
    """The profile of one or of many files; `ProfileState()` is neutral. `bytes` is their size.

    `left_out` says that the columns of the files have more than `MOST_NAMES` names, and these are those of the first.
    `seed`, of one file, is what its row sample is drawn again with before it is merged; most states never are.
    """

    columns: tuple[StateColumn, ...] = ()
    profile: FileProfile = field(default_factory=FileProfile)
    keys: tuple[StateKey, ...] = ()
    files: int = 0
    bytes: int = 0
    left_out: bool = False
    seed: int | None = None

    def __add__(self, other: ProfileState) -> ProfileState:
        """Merge the profiles of different files: associative and commutative."""
        if not self.files or not other.files:
            return other if not self.files else self
        together = _all_columns([*self.columns, *other.columns])
        columns = _first_columns(together)
        left_out = self.left_out or other.left_out or len(columns) < len(together)
        return ProfileState(
            columns=columns,
            profile=self._arranged(columns, left_out=left_out) + other._arranged(columns, left_out=left_out),
            keys=_all_keys([*self.keys, *other.keys]),
            files=self.files + other.files,
            bytes=self.bytes + other.bytes,
            left_out=left_out,
        )

    def _arranged(self, columns: Sequence[StateColumn], *, left_out: bool) -> FileProfile:
        """Bring the profile into the order of `columns`, and to the share that so many may have.

        Lines of a file mean nothing among several files.
        """
        profile = self._drawn()
        own = {column.label: figures for column, figures in zip(self.columns, profile.columns or (), strict=True)}
        hashes, rows = _shares(columns)
        arranged = []
        for column in columns:
            figures = own.get(column.label, _NOTHING)
            shown = without_values(figures) if column.sensitive else figures
            arranged.append(_with_fewer_hashes(_without_lines(shown), hashes))
        # Among the columns that were left out there may have been a sensitive one.
        hidden = left_out or any(column.sensitive for column in columns)
        return replace(
            profile,
            malformed_rows=() if hidden else _no_lines(profile.malformed_rows),
            columns=tuple(arranged),
            sample=_cells_of(_smaller(profile.sample, rows), columns, sample_type),
            shown=_cells_of(profile.shown, columns, lambda _: pa.string()),
        )

    def _drawn(self) -> FileProfile:
        if self.seed is None:
            return self.profile
        sample, shown = (
            one if one is None else one.drawn_with(self.seed) for one in (self.profile.sample, self.profile.shown)
        )
        return replace(self.profile, sample=sample, shown=shown)


def state_of(
    profile: FileProfile,
    recipe: Recipe,
    definition: SchemaDefinition | None,
    *,
    source: str,
    size: int,
    keys: Iterable[StateKey] = (),
) -> ProfileState:
    """Make the state of one file.

    Args:
        profile: of the whole file, its lines settled.
        recipe: what it was tallied by.
        definition: says which columns are sensitive.
        source: the object and its version as a text; seeds the row sample, and is not kept.
        size: the object's size in bytes.
        keys: the exact counts of its declared keys.
    """
    sensitive = {one.name for one in definition.fields if one.sensitive} if definition else set()
    columns = [
        StateColumn(at, column.name, column.type, column.declared, (column.repeats or column.name) in sensitive)
        for at, column in enumerate(recipe.columns)
    ]
    # Only in JSON a declared column may turn up in no row at all, and then the file does not have it.
    is_sure = recipe.encoding is not CellEncoding.JSON
    figures = [replace(one, seen=True) if is_sure and not one.seen else one for one in profile.columns or ()]
    labels = [column.label for column in columns]
    for name, extra in profile.extras.items():
        columns.append(StateColumn(len(columns), name, FieldType.ANY, sensitive=name in sensitive))
        figures.append(extra)
    there = {column.name for column, one in zip(columns, figures, strict=True) if column.declared and one.seen}
    if not sensitive <= there:  # any column that nobody declared may be the one that is missing, and so may its name
        known = [at for at, column in enumerate(columns) if column.declared]
        columns, figures = [columns[at] for at in known], [figures[at] for at in known]
    hidden = bool(sensitive)
    hashes, rows = _shares(columns)
    kept = replace(
        profile,
        malformed_rows=() if hidden else tuple(replace(row, reason="") for row in profile.malformed_rows),
        reasons={},
        incomplete=0,
        null_cells={},
        row_rules=(),
        columns=tuple(
            without_values(one) if column.sensitive else _with_fewer_hashes(one, hashes)
            for column, one in zip(columns, figures, strict=True)
        ),
        extras={},
        sample=_cells_of(_smaller(_labelled(profile.sample, labels), rows), columns, sample_type),
        shown=_cells_of(_labelled(profile.shown, labels), columns, lambda _: pa.string()),
        lines={},
    )
    seed = int.from_bytes(hashlib.blake2b(source.encode(), digest_size=8).digest(), "little")
    return ProfileState(tuple(columns), kept, tuple(keys), files=1, bytes=size, seed=seed)


def _with_fewer_hashes(column: ColumnProfile, share: DistinctSketch) -> ColumnProfile:
    """Cut a column's sketch to its share; most have no more than that."""
    distinct = column.distinct + share
    return column if distinct is column.distinct else replace(column, distinct=distinct)


def without_values(column: ColumnProfile) -> ColumnProfile:
    """Keep of a column only counts and lengths, nothing a value could be told from."""
    return replace(
        column,
        distinct=DistinctSketch(column.distinct.size),
        unparsable_cells=(),
        violating_cells={},
        minimum=None,
        maximum=None,
        moments=Moments(),
        frequencies=OVERFLOWN,
    )


def _shares(columns: Iterable[StateColumn]) -> tuple[DistinctSketch, int]:
    """Give what each of the columns may have: a sketch without a hash, of its size, and rows of the sample.

    Their names are counted, for a merge never has fewer of them than what it was made of. It may have fewer columns,
    where a name of several types gave way to one of a single type, and what was cut for many would stay cut.
    """
    names = len({column.name for column in columns})
    return DistinctSketch(bounded(DISTINCT_HASHES, _HASHES, names)), bounded(SAMPLE_ROWS, _SAMPLED_CELLS, names)


def _first_columns(columns: tuple[StateColumn, ...]) -> tuple[StateColumn, ...]:
    """Keep a name with all of its types or not at all, for a column of one type hides those of others if sensitive."""
    names = {column.name for column in columns}
    if len(names) <= MOST_NAMES:
        return columns
    first = set(heapq.nsmallest(MOST_NAMES, names))
    return tuple(column for column in columns if column.name in first)


def _all_columns(columns: Iterable[StateColumn]) -> tuple[StateColumn, ...]:
    merged: dict[str, StateColumn] = {}
    for column in columns:
        known = merged.get(column.label, column)
        merged[column.label] = replace(
            column,
            position=min(known.position, column.position),
            declared=known.declared or column.declared,
            sensitive=known.sensitive or column.sensitive,
        )
    return tuple(sorted(merged.values()))


def _all_keys(keys: Iterable[StateKey]) -> tuple[StateKey, ...]:
    full: Counter[tuple[str, ...]] = Counter()
    repeated: Counter[tuple[str, ...]] = Counter()
    for key in keys:
        full[key.columns] += key.full
        repeated[key.columns] += key.repeated
    return tuple(StateKey(columns, full[columns], repeated[columns]) for columns in sorted(full))


def _without_lines(column: ColumnProfile) -> ColumnProfile:
    return replace(
        column,
        unparsable_cells=_no_lines(column.unparsable_cells),
        violating_cells={rule: _no_lines(found) for rule, found in column.violating_cells.items()},
    )


def _no_lines(offences: Iterable[Offence]) -> tuple[Offence, ...]:
    return first_offences(Offence(0, 0, found.text) for found in offences)


def _labelled(sample: RowSample | None, labels: Sequence[str]) -> RowSample | None:
    """Name the sampled cells after their columns."""
    if sample is None or sample.cells is None:
        return sample
    return replace(sample, cells=sample.cells.rename_columns(list(labels)))


def _smaller(sample: RowSample | None, rows: int) -> RowSample | None:
    return sample if sample is None or sample.size <= rows else sample.kept(rows)


def _cells_of(
    sample: RowSample | None, columns: Sequence[StateColumn], type_of: Callable[[FieldType], pa.DataType]
) -> RowSample | None:
    """Give the sampled cells of all columns that may be seen, null where the sample has none of them.

    Without such a column the rows stay, for a merge may bring some.
    """
    if sample is None or sample.cells is None:
        return sample
    if sample.cells.column_names == [None if column.sensitive else column.label for column in columns]:
        return sample
    known = dict(zip(sample.cells.column_names, sample.cells.columns, strict=True))
    rows = len(sample.priority)
    cells = {
        column.label: known.get(column.label, pa.nulls(rows, type_of(column.type)))
        for column in columns
        if not column.sensitive
    }
    return replace(sample, cells=pa.table(cells or {_NO_COLUMN: pa.nulls(rows)}))
