"""Mean and variance as mergeable moments (Chan, Golub and LeVeque 1979, the pairwise update)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Moments:
    """Count, mean and the sum of squared differences from the mean."""

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0

    @classmethod
    def of(cls, values: npt.NDArray[np.float64]) -> Moments:
        """Take the moments of finite values."""
        if len(values) == 0:
            return cls()
        with np.errstate(over="ignore", invalid="ignore"):
            mean = float(values.mean())
            differences = values - mean
            # Not np.dot: BLAS sums in an order that depends on its threads, which also wait for each other.
            return cls(len(values), mean, float(np.square(differences, out=differences).sum()))

    def __add__(self, other: Moments) -> Moments:
        """Merge; equal to the moments of all values up to rounding."""
        if other.count == 0:
            return self
        if self.count == 0:
            return other
        count = self.count + other.count
        delta = other.mean - self.mean
        mean = self.mean + delta * (other.count / count)
        squares = self.squares + other.squares + delta * delta * (self.count * other.count / count)
        return Moments(count, mean, squares)

    def stddev(self) -> float | None:
        """Give the sample standard deviation (n - 1), None for fewer than two values."""
        if self.count < 2:  # noqa: PLR2004 - the sample variance divides by n - 1
            return None
        deviation = math.sqrt(self.squares / (self.count - 1))
        return deviation if math.isfinite(deviation) else None
