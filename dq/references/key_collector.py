"""Keys on their way from something that holds them: in memory while they are few, on disk when they are many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dq.profiling.cells.values import read_cells
from dq.profiling.figures.key_tally import KeyTally
from dq.profiling.figures.row_keys import RowKeys, joined
from dq.profiling.row_rules.reference_keys import KeyRun, ReferenceKeys
from dq.profiling.tally.row_batch import unknown_lines
from dq.references.run_on_disk import run_on_disk
from etl_core.errors import TerminalError

if TYPE_CHECKING:
    from dq.profiling.tally.recipe import Recipe
    from dq.profiling.tally.row_batch import RowBatch

#: Memory that the keys of one reference may take, in every task: 8 million numbers, or 4 million other keys.
MOST_BYTES: Final = 64 * 1024 * 1024
#: What they may take on the disk of every task, in runs of so many bytes.
MOST_ON_DISK: Final = 64 * MOST_BYTES


class TooManyKeysError(TerminalError):
    """Something holds more keys than every task can have."""


class KeyCollector:
    """Takes in batches of rows and keeps the key of each, which is the first one of the recipe."""

    def __init__(self, recipe: Recipe, most_bytes: int = MOST_BYTES, most_on_disk: int = MOST_ON_DISK) -> None:
        """Begin with none; what takes more than `most_bytes` is put on disk."""
        self._recipe = recipe
        self._places = recipe.keys[0]
        self._most_bytes, self._most_on_disk = most_bytes, most_on_disk
        self._runs: list[KeyRun] = []
        self._tally = KeyTally(recipe, self._places, 0)
        self._kept = RowKeys()
        self._new: list[RowKeys] = []
        self._bytes = self._on_disk = 0

    def add(self, batch: RowBatch) -> None:
        """Take in a batch; raises TooManyKeysError, and NoTemporarySpaceError where the disk is full."""
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
        """Give all keys; raises as `add`."""
        self._settle()
        return ReferenceKeys((*self._runs, KeyRun.of(self._kept)))

    def _settle(self) -> None:
        """Leave out the repeats of what came since; put it all on disk where it takes too much memory."""
        self._kept = joined([self._kept, *self._new]).thinned()
        self._new, self._bytes = [], 0
        if self._kept.nbytes <= self._most_bytes:
            return
        self._on_disk += self._kept.nbytes
        if self._on_disk > self._most_on_disk:
            most, keys = self._most_on_disk >> 20, sum(map(len, self._runs)) + len(self._kept)
            raise TooManyKeysError(f"it has {keys:,} keys and more, which take more than {most:,} MiB in every task")
        self._runs.append(run_on_disk(KeyRun.of(self._kept)))
        self._kept = RowKeys()
