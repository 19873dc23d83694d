"""The seam between reading and counting: rows by column, with the rows that could not be read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa


class LineNumbers(Protocol):
    """Finds the lines of rows, on demand: only examples need them."""

    def __call__(self, rows: npt.NDArray[np.int64]) -> list[int]:
        """Give the 1-based line within the split for each row of the batch; 0 where unknown."""


def unknown_lines(rows: npt.NDArray[np.int64]) -> list[int]:
    """Give no line numbers: the reader cannot know them."""
    return [0] * len(rows)


@dataclass(frozen=True, slots=True)
class MalformedRow:
    """A row that could not be parsed: its line within the split (0 unknown), its text, why."""

    line: int
    text: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RowBatch:
    """Some rows of one split. `columns` are all fields of the file, in file order, equally long.

    Text formats give string arrays; typed formats give Arrow types; JSON gives the struct
    `values.JSON_TOKENS` where a column mixes physical types. `malformed` counts the rows that could
    not be parsed, `malformed_rows` holds at least the first of them, `reasons` counts all by why. `lines` counts
    the physical lines the batch covers. `extras` are columns the recipe does not know, by name, without the rows that
    lack them; `rest` gives for each row what it has of them as a JSON object, null for none, on demand.
    """

    columns: list[pa.Array]
    rows: int
    malformed: int = 0
    malformed_rows: list[MalformedRow] = field(default_factory=list)
    reasons: Mapping[str, int] = field(default_factory=dict)
    lines: int = 0
    extras: Mapping[str, pa.Array] = field(default_factory=dict)
    line_numbers: LineNumbers = unknown_lines
    rest: Callable[[], pa.StringArray] | None = None
