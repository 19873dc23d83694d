"""Mean and deviation from three sums that are added exactly, so that merging parts in any order gives the same.

The values of one batch are summed as doubles, about the value nearest to their mean, so that equal values deviate by
nothing. What a batch gives are doubles, and a double is a fraction: from there on nothing is rounded until the end.
Whole numbers close together are never rounded.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

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
    def of(cls, values: npt.NDArray[Any]) -> Moments:
        """Take the moments of 64-bit integers or doubles; only decimals of hundreds of digits come as infinite."""
        if len(values) == 0:
            return cls()
        if values.dtype == np.int64:
            return cls._of_integers(values)
        largest = float(np.abs(values).max())
        if math.isinf(largest):
            return cls(len(values), beyond=True)
        exponent = math.frexp(largest)[1]
        if _PLAIN[0] < exponent < _PLAIN[1]:
            return cls._of_doubles(values)
        scaled = cls._of_doubles(np.ldexp(values, -exponent))
        scale = Fraction(2) ** exponent
        return cls(scaled.count, scaled.total * scale, scaled.squares * scale * scale)

    @classmethod
    def _of_integers(cls, values: npt.NDArray[np.int64]) -> Moments:
        """Take the moments about the least value, so that large identifiers keep their last digits."""
        low, high = int(values.min()), int(values.max())
        count, span = len(values), high - low
        if span > _MOST_INTEGER:
            return cls._of_doubles(values.astype(np.float64))
        above = values - low
        if span * span * count <= _MOST_INTEGER:
            total, squares = Fraction(int(above.sum())), Fraction(int(np.square(above, out=above).sum()))
        else:
            rounded = cls._of_doubles(above.astype(np.float64))
            total, squares = rounded.total, rounded.squares
        return cls(count, total + count * low, squares + 2 * low * total + count * low * low)

    @classmethod
    def _of_doubles(cls, values: npt.NDArray[np.float64]) -> Moments:
        nearest = values[np.abs(values - values.mean()).argmin()]
        differences = values - nearest
        count, origin, rest = len(values), float(nearest), float(differences.sum())
        # Not np.dot: BLAS sums in an order that depends on its threads, which also wait for each other.
        spread = Fraction(float(np.square(differences, out=differences).sum()))
        # count * origin + rest and spread + 2 * origin * rest + count * origin**2, over one denominator.
        (first, first_unit), (other, other_unit) = origin.as_integer_ratio(), rest.as_integer_ratio()
        unit = max(first_unit, other_unit)
        first, other = first * (unit // first_unit), other * (unit // other_unit)
        total, squares = count * first + other, first * (2 * other + count * first)
        return cls(count, Fraction(total, unit), spread + Fraction(squares, unit * unit))

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
        if self.beyond or not self.count:
            return None
        return self.total.numerator / (self.total.denominator * self.count)

    def stddev(self) -> float | None:
        """Give the sample standard deviation (n - 1), None for fewer than two values or beyond the doubles."""
        if self.beyond or self.count < 2:  # noqa: PLR2004 - the sample variance divides by n - 1
            return None
        # (squares - total**2 / count) / (count - 1), over one denominator.
        unit = self.total.denominator * self.total.denominator
        above = self.squares.numerator * unit * self.count - self.total.numerator**2 * self.squares.denominator
        below = self.squares.denominator * unit * self.count * (self.count - 1)
        half = (above.bit_length() - below.bit_length()) // 2
        above, below = above << max(-2 * half, 0), below << max(2 * half, 0)
        try:
            return math.ldexp(math.sqrt(above / below), half)
        except OverflowError:
            return None
