"""The mergeable figures of one file: all that scoring and the payload are made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from dq.profiling.figures.row_sample import RowSample
from dq.profiling.profile.column_profile import ColumnProfile
from dq.profiling.row_rules.outcome import RowFigures
from dq.profiling.tally.offences import Offence, first_offences, placed

#: Columns that may turn up while reading, in a part of a file and in all of them together.
MOST_EXTRAS = 1000


@dataclass(frozen=True, slots=True)
class FileProfile:
    """Counts of one file or of a part of it; `+` merges parts in any order, `None` columns are neutral.

    `rows` are parsed rows, `reasons` the malformed ones by why. `lines` counts the physical lines by split,
    so that a line within a split becomes a line of the file once all splits are known. `extras` are columns
    that only turned up while reading, by name: the first `MOST_EXTRAS` in the order of their names. `shown`
    is a small sample of rows as text. `incomplete` rows lack a value that is required; `null_cells` are the
    first such cells by the place of their column. `row_rules` are in the order of the recipe's.
    """

    rows: int = 0
    malformed: int = 0
    malformed_rows: tuple[Offence, ...] = ()
    reasons: Mapping[str, int] = field(default_factory=dict)
    incomplete: int = 0
    null_cells: Mapping[int, tuple[Offence, ...]] = field(default_factory=dict)
    row_rules: tuple[RowFigures, ...] = ()
    columns: tuple[ColumnProfile, ...] | None = None
    extras: Mapping[str, ColumnProfile] = field(default_factory=dict)
    sample: RowSample | None = None
    shown: RowSample | None = None
    lines: Mapping[int, int] = field(default_factory=dict)

    def __add__(self, other: FileProfile) -> FileProfile:
        """Merge two parts of one file, or two files of one layout."""
        return FileProfile(
            rows=self.rows + other.rows,
            malformed=self.malformed + other.malformed,
            malformed_rows=first_offences(self.malformed_rows, other.malformed_rows),
            reasons=_summed(self.reasons, other.reasons),
            incomplete=self.incomplete + other.incomplete,
            null_cells=_merged_cells(self.null_cells, other.null_cells),
            row_rules=_merged_rules(self.row_rules, other.row_rules),
            columns=_merged_columns(self.columns, other.columns),
            extras=_merged_extras(self.extras, other.extras),
            sample=_merged_samples(self.sample, other.sample),
            shown=_merged_samples(self.shown, other.shown),
            lines=dict(sorted({**self.lines, **other.lines}.items())),
        )

    def line_starts(self, header_lines: int = 0) -> Mapping[int, int]:
        """Give the lines of the file before each split; nothing where no line was counted, only the order of rows."""
        if not any(self.lines.values()):
            return {}
        starts, line = {}, header_lines
        for split, count in sorted(self.lines.items()):
            starts[split] = line
            line += count
        return starts

    def settled(self, header_lines: int = 0) -> FileProfile:
        """Number all lines from the start of the file, once its splits are all here."""
        starts = self.line_starts(header_lines)

        def settled(column: ColumnProfile) -> ColumnProfile:
            if not column.unparsable_cells and not column.violating_cells:
                return column
            return replace(
                column,
                unparsable_cells=placed(column.unparsable_cells, starts),
                violating_cells={rule: placed(cells, starts) for rule, cells in column.violating_cells.items()},
            )

        return replace(
            self,
            malformed_rows=placed(self.malformed_rows, starts),
            null_cells={at: placed(cells, starts) for at, cells in self.null_cells.items()},
            row_rules=tuple(one.placed(starts) for one in self.row_rules),
            columns=None if self.columns is None else tuple(map(settled, self.columns)),
            extras={name: settled(column) for name, column in self.extras.items()},
            lines={0: header_lines + sum(self.lines.values())},
        )


def _summed(one: Mapping[str, int], other: Mapping[str, int]) -> Mapping[str, int]:
    if not one or not other:
        return one or other
    return {name: one.get(name, 0) + other.get(name, 0) for name in sorted({*one, *other})}


def _merged_cells(
    one: Mapping[int, tuple[Offence, ...]], other: Mapping[int, tuple[Offence, ...]]
) -> Mapping[int, tuple[Offence, ...]]:
    if not one or not other:
        return one or other
    return {at: first_offences(one.get(at, ()), other.get(at, ())) for at in sorted({*one, *other})}


def _merged_rules(one: tuple[RowFigures, ...], other: tuple[RowFigures, ...]) -> tuple[RowFigures, ...]:
    if not one or not other:
        return one or other
    return tuple(a + b for a, b in zip(one, other, strict=True))


def _merged_columns(
    one: tuple[ColumnProfile, ...] | None, other: tuple[ColumnProfile, ...] | None
) -> tuple[ColumnProfile, ...] | None:
    if one is None or other is None:
        return other if one is None else one
    return tuple(a + b for a, b in zip(one, other, strict=True))


def _merged_extras(one: Mapping[str, ColumnProfile], other: Mapping[str, ColumnProfile]) -> Mapping[str, ColumnProfile]:
    """Merge columns by name. A name among the first of all is among the first of each part: none is half counted."""
    if not one or not other:
        return one or other
    merged = dict(one)
    for name, column in other.items():
        merged[name] = merged[name] + column if name in merged else column
    return {name: merged[name] for name in sorted(merged)[:MOST_EXTRAS]}


def _merged_samples(one: RowSample | None, other: RowSample | None) -> RowSample | None:
    if one is None or other is None:
        return other if one is None else one
    return one + other
