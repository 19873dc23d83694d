"""What became of a batch, in numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class BatchCounts:
    """How many objects of a batch ended in which ledger state; `pending` ones are tried again.

    `outage`: what is out, where objects wait for its end; there is no point in going on before.
    """

    announced: int = 0
    states: Mapping[str, int] = field(default_factory=dict)
    rows: int = 0
    bytes: int = 0
    outage: str | None = None

    def __post_init__(self) -> None:
        """Hold the equation: nothing that was announced is lost."""
        if sum(self.states.values()) != self.announced:
            raise AssertionError(f"objects were lost: {self.announced} announced, {dict(self.states)} accounted for")

    def __add__(self, other: BatchCounts) -> BatchCounts:
        """Both batches together."""
        states = dict(self.states)
        for state, objects in other.states.items():
            states[state] = states.get(state, 0) + objects
        rows, size = self.rows + other.rows, self.bytes + other.bytes
        return BatchCounts(self.announced + other.announced, states, rows, size, other.outage or self.outage)
