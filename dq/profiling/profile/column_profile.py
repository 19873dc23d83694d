"""The mergeable figures of one column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dq.profiling.figures.distinct import DistinctSketch
from dq.profiling.figures.frequencies import Frequencies
from dq.profiling.figures.moments import Moments
from dq.profiling.summary.summary import Scalar
from dq.profiling.tally.offences import Offence, first_offences


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """Counts over the parsed rows of a file, or of a part of it; `+` merges parts in any order.

    `present` counts non-null cells, so that a part without the column adds nothing but rows; `seen` says that the
    column itself occurred. `violations` counts cells by the bit set of bounds rules they break. `minimum` and
    `maximum` are typed values, text cut to 256 characters (which keeps their order). Lengths are in characters.
    `with_offset` counts the datetimes that say where they are from UTC.
    """

    distinct: DistinctSketch
    physical: str = ""
    present: int = 0
    seen: bool = False
    unparsable: int = 0
    wrong_type: bool = False
    unparsable_cells: tuple[Offence, ...] = ()
    violations: Mapping[int, int] = field(default_factory=dict)
    violating_cells: Mapping[str, tuple[Offence, ...]] = field(default_factory=dict)
    minimum: Scalar | None = None
    maximum: Scalar | None = None
    min_length: int | None = None
    max_length: int | None = None
    with_offset: int = 0
    moments: Moments = field(default_factory=Moments)
    frequencies: Frequencies = field(default_factory=Frequencies)

    def __add__(self, other: ColumnProfile) -> ColumnProfile:
        """Merge two parts."""
        violations = dict(self.violations)
        for bits, count in other.violations.items():
            violations[bits] = violations.get(bits, 0) + count
        rules = sorted({*self.violating_cells, *other.violating_cells})
        return ColumnProfile(
            distinct=self.distinct + other.distinct,
            physical=max(self.physical, other.physical),
            present=self.present + other.present,
            seen=self.seen or other.seen,
            unparsable=self.unparsable + other.unparsable,
            wrong_type=self.wrong_type or other.wrong_type,
            unparsable_cells=first_offences(self.unparsable_cells, other.unparsable_cells),
            violations=dict(sorted(violations.items())),
            violating_cells={
                rule: first_offences(self.violating_cells.get(rule, ()), other.violating_cells.get(rule, ()))
                for rule in rules
            },
            minimum=min((one for one in (self.minimum, other.minimum) if one is not None), default=None),
            maximum=max((one for one in (self.maximum, other.maximum) if one is not None), default=None),
            min_length=min((one for one in (self.min_length, other.min_length) if one is not None), default=None),
            max_length=max((one for one in (self.max_length, other.max_length) if one is not None), default=None),
            with_offset=self.with_offset + other.with_offset,
            moments=self.moments + other.moments,
            frequencies=self.frequencies + other.frequencies,
        )
