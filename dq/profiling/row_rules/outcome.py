"""What a rule says of the rows of a batch, and of all rows of a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from dq.profiling.cells.number_line import Mask
from dq.profiling.tally.offences import Offence, first_offences, placed


class RowOutcome(NamedTuple):
    """The rows of a batch that a rule was asked of and could be answered for, and those of them that break it."""

    failing: Mask
    checked: Mask


@dataclass(frozen=True, slots=True)
class RowFigures:
    """How many rows of a file, or of a part of it, break one rule, and the first of them.

    `unanswered` says why nobody could tell, where that is so.
    """

    failed: int = 0
    checked: int = 0
    examples: tuple[Offence, ...] = ()
    unanswered: str = ""

    def __add__(self, other: RowFigures) -> RowFigures:
        """Merge two parts."""
        return RowFigures(
            self.failed + other.failed,
            self.checked + other.checked,
            first_offences(self.examples, other.examples),
            max(self.unanswered, other.unanswered),
        )

    def placed(self, starts: Mapping[int, int]) -> RowFigures:
        """Number the examples from the start of the file."""
        return replace(self, examples=placed(self.examples, starts))
