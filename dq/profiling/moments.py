"""Mean and deviation from three sums that are added exactly, so that merging parts in any order gives the same.

The values of one batch are summed as doubles, about their own mean. What a batch gives is a double, and a double is a
fraction: from there on nothing is rounded until the end. Whole numbers whose squares fit 63 bits are never rounded.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

#: Doubles within these powers of two have squares that neither overflow nor vanish in a sum of a batch.
_PLAIN = (-400, 400)
_MOST_INTEGER = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Moments:
    """How many values, their sum and the sum of their squares; `beyond` once one was too large for a double."""

    count: int = 0
    total: Fraction = Fraction(0)
    squares: Fraction = Fraction(0)
    beyond: bool = False

    @classmethod
    def of(cls, values: npt.NDArray[np.int64] | npt.NDArray[np.float64]) -> Moments:
        """Take the moments of values; only decimals of hundreds of digits come as infinite."""
        if len(values) == 0:
            return cls()
        largest = max(abs(values.max().item()), abs(values.min().item()))
        if math.isinf(largest):
            return cls(len(values), beyond=True)
        if isinstance(largest, int):
            if largest * largest * len(values) <= _MOST_INTEGER:
                return cls(len(values), Fraction(int(values.sum())), Fraction(int(np.square(values).sum())))
            largest = float(largest)
        exponent = math.frexp(largest)[1]
        if _PLAIN[0] < exponent < _PLAIN[1]:
            return cls._of_doubles(values.astype(np.float64, copy=False))
        scaled = cls._of_doubles(np.ldexp(values.astype(np.float64, copy=False), -exponent))
        scale = Fraction(2) ** exponent
        return cls(scaled.count, scaled.total * scale, scaled.squares * scale * scale)

    @classmethod
    def _of_doubles(cls, values: npt.NDArray[np.float64]) -> Moments:
        mean = float(values.mean())
        differences = values - mean
        # Not np.dot: BLAS sums in an order that depends on its threads, which also wait for each other.
        spread = float(np.square(differences, out=differences).sum())
        total = len(values) * Fraction(mean)
        return cls(len(values), total, Fraction(spread) + total * Fraction(mean))

    def __add__(self, other: Moments) -> Moments:
        """Merge: exactly associative and commutative."""
        if other.count == 0:
            return self
        if self.count == 0:
            return other
        count = self.count + other.count
        if self.beyond or other.beyond:
            return Moments(count, beyond=True)
        return Moments(count, self.total + other.total, self.squares + other.squares)

    def mean(self) -> float | None:
        """Give the mean, None of nothing and beyond the doubles."""
        return None if self.beyond or not self.count else float(self.total / self.count)

    def stddev(self) -> float | None:
        """Give the sample standard deviation (n - 1), None for fewer than two values or beyond the doubles."""
        if self.beyond or self.count < 2:  # noqa: PLR2004 - the sample variance divides by n - 1
            return None
        variance = (self.squares - self.total * self.total / self.count) / (self.count - 1)
        half = (variance.numerator.bit_length() - variance.denominator.bit_length()) // 2
        try:
            return math.ldexp(math.sqrt(variance / Fraction(4) ** half), half)
        except OverflowError:
            return None
