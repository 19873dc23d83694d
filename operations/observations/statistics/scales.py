"""Scales on which noise is about the same everywhere: counts as logarithms, shares as angles."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

#: Where counts turn from square roots into logarithms: about at 1 / C ** 2 = 100.
C = 0.1
#: No count is larger on this scale.
_LARGEST = 200.0
#: Counts vary by 1 % of their level whatever the history says.
LEVEL_NOISE = 0.01


def of_counts(counts: Floats) -> Floats:
    """Counts as `2 asinh(C sqrt(n + 3/8))`.

    The logarithm for large ones, up to a constant, and Anscombe's root (1948) for small ones, whose logarithms are
    skewed to the left. It is the variance-stabilising transform of
    counts whose variance is n + C**2 n**2.
    """
    return np.asarray(2.0 * np.arcsinh(C * np.sqrt(counts + 0.375)))


def to_counts(scaled: Floats) -> Floats:
    """Back to counts, none below 0."""
    root = np.sinh(np.clip(scaled, 0.0, _LARGEST) / 2.0) / C
    return np.asarray(np.maximum(root * root - 0.375, 0.0))


def counting_noise(scaled: Floats) -> Floats:
    """The standard deviation that counting alone gives about this level (of a count n: sqrt(n)), 1 % at least."""
    return np.asarray(np.maximum(C / np.cosh(np.clip(scaled, 0.0, _LARGEST) / 2.0), LEVEL_NOISE))


def of_share(part: float, whole: float) -> float:
    """A share as `2 asin(sqrt((k + 3/8) / (n + 3/4)))` (Anscombe 1948), which deviates by 1 / sqrt(n)."""
    return 2.0 * math.asin(math.sqrt(min(max((part + 0.375) / (whole + 0.75), 0.0), 1.0)))


def to_share(scaled: float) -> float:
    """Back to a share from 0 to 1."""
    return math.sin(min(max(scaled, 0.0), math.pi) / 2.0) ** 2
