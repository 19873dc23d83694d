"""The keys of the rows of one part of a file, or of neighbouring parts: what to count, and the first repeats."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from dq.engine.keys.gathered_keys import GatheredKeys
from dq.profiling.figures.key_tally import SplitKeys
from dq.profiling.figures.row_keys import RowKeys
from dq.profiling.tally.offences import Offence, first_offences


class PartKeys:
    """Keys by their place in the recipe, with `examples` of the repeats of each; `close` gives the disk back.

    What takes keys in raises NoTemporarySpaceError when they are too many for memory and the disk is full.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self._gathered: GatheredKeys[int] = GatheredKeys()
        self.examples: tuple[tuple[Offence, ...], ...] = ()

    def add(self, keys: Sequence[SplitKeys]) -> None:
        """Take in the keys of some more rows of the part, one entry a key of the recipe."""
        for at, one in enumerate(keys):
            self._gathered.add(at, one.keys)
        self.examples = tuple(one.examples for one in keys)

    def absorb(self, later: PartKeys) -> None:
        """Take over those of the part behind this one, which has none then."""
        both = zip_longest(self.examples, later.examples, fillvalue=())
        self.examples = tuple(first_offences(one, other) for one, other in both)
        self._gathered.absorb(later._gathered)

    def counts(self) -> Iterator[tuple[int, int, tuple[Offence, ...]]]:
        """Give the rows of each key, how many of them repeat an earlier one, and the first that do."""
        for at, examples in enumerate(self.examples):
            yield *self._gathered.count(at), examples

    def dealt(self, ranges: int) -> Iterator[tuple[int, RowKeys]]:
        """Deal each key into ranges, numbered through all keys; some at a time, so a range may come several times."""
        for at in range(len(self.examples)):
            yield from ((at * ranges + number, keys) for number, keys in self._gathered.dealt(at, ranges))

    def close(self) -> None:
        """Forget the keys, and delete what is on disk."""
        self._gathered.close()
