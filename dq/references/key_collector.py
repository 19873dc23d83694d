"""Keys on their way from something that holds them: each once, and no more than there is room for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dq.profiling.cells.values import read_cells
from dq.profiling.figures.key_tally import KeyTally
from dq.profiling.figures.row_keys import RowKeys, joined
from dq.profiling.row_rules.reference_keys import ReferenceKeys
from dq.profiling.tally.row_batch import unknown_lines
from etl_core.errors import TerminalError

if TYPE_CHECKING:
    from dq.profiling.tally.recipe import Recipe
    from dq.profiling.tally.row_batch import RowBatch

#: Memory that the keys of one reference may take, in every task: 8 million numbers, or 4 million other keys.
MOST_BYTES: Final = 64 * 1024 * 1024


class TooManyKeysError(TerminalError):
    """Something holds more keys than every task can have in memory."""


class KeyCollector:
    """Takes in batches of rows and keeps the key of each, which is the first one of the recipe."""

    def __init__(self, recipe: Recipe, most_bytes: int = MOST_BYTES) -> None:
        """Begin with none."""
        self._recipe = recipe
        self._places = recipe.keys[0]
        self._most_bytes = most_bytes
        self._tally = KeyTally(recipe, self._places, 0)
        self._kept = RowKeys()
        self._new: list[RowKeys] = []
        self._bytes = 0

    def add(self, batch: RowBatch) -> None:
        """Take in a batch; raises TooManyKeysError."""
        if not batch.rows:
            return
        recipe = self._recipe
        cells = {}
        for at in self._places:
            column = recipe.columns[at]
            cells[at] = read_cells(batch.columns[column.position], column, recipe.encoding, recipe.missing_values)
        self._tally.add(cells, batch.rows, unknown_lines)
        self._new.append(self._tally.taken().keys)
        self._bytes += self._new[-1].nbytes
        if self._bytes > max(self._most_bytes, self._kept.nbytes):
            self._settle()

    def keys(self) -> ReferenceKeys:
        """Give all keys; raises TooManyKeysError."""
        self._settle()
        return ReferenceKeys.of(self._kept)

    def _settle(self) -> None:
        """Leave out the repeats of what came since."""
        self._kept = joined([self._kept, *self._new]).thinned()
        self._new, self._bytes = [], 0
        if self._kept.nbytes > self._most_bytes:
            most = self._most_bytes >> 20
            message = (
                f"it has more than {len(self._kept):,} different keys, which take more than {most} MiB in every task"
            )
            raise TooManyKeysError(message)
