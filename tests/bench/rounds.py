"""Measuring several works side by side: in rounds, so that whatever slows the machine slows them all."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.bench.contestant import Sample


@dataclass(frozen=True)
class Measured:
    """The samples of one work, one a round."""

    samples: Sequence[Sample]

    @property
    def seconds(self) -> float:
        """Median on the clock."""
        return median(sample.seconds for sample in self.samples)

    @property
    def cpu(self) -> float:
        """Median of all processors."""
        return median(sample.cpu for sample in self.samples)

    def peak(self, *kinds: str) -> float:
        """Highest peak memory of these kinds of process together, in MiB."""
        return max(sum(sample.peaks.get(kind, 0.0) for kind in kinds) for sample in self.samples)

    def told(self, name: str) -> float:
        """Median of a number that the program told."""
        return median(float(sample.told[name]) for sample in self.samples)

    def ratio(self, peer: Measured) -> float:
        """Median over the rounds of our seconds to the peer's in the same round."""
        return median(ours.seconds / theirs.seconds for ours, theirs in zip(self.samples, peer.samples, strict=True))

    def cpu_ratio(self, peer: Measured) -> float:
        """The same of processor seconds: what is left of a ratio on a machine that others load."""
        pairs = zip(self.samples, peer.samples, strict=True)
        return median(ours.cpu / max(theirs.cpu, 0.001) for ours, theirs in pairs)


def measure(works: Mapping[str, Callable[[], Sample]], rounds: int, *, warm: int = 1) -> dict[str, Measured]:
    """Do each work once a round, beginning with another one every round; the first `warm` rounds do not count."""
    samples: dict[str, list[Sample]] = {name: [] for name in works}
    names = list(works)
    for number in range(-warm, rounds):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            sample = works[name]()
            note = "warm-up" if number < 0 else f"round {number + 1} of {rounds}"
            sys.stderr.write(f"  {name}: {sample.seconds:.2f} s, cpu {sample.cpu:.2f} s ({note})\n")
            if number >= 0:
                samples[name].append(sample)
    return {name: Measured(found) for name, found in samples.items()}
