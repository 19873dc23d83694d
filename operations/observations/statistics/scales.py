"""Scales on which noise is about the same everywhere: counts as logarithms, shares as angles."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

#: Where counts turn from square roots into logarithms: about at 1 / C ** 2 = 100.
C = 0.1
#: Counts vary by 1 % of their level whatever the history says.
LEVEL_NOISE = 0.01


def of_counts(counts: Floats) -> Floats:
    """Counts as `2 asinh(C sqrt(n + 3/8))`: the logarithm for large ones, up to a constant, and Anscombe's root
    (1948) for small ones, whose logarithms are skewed to the left. It is the variance-stabilising transform of
    counts whose variance is n + C**2 n**2."""
    return np.asarray(2.0 * np.arcsinh(C * np.sqrt(counts + 0.375)))


def to_counts(scaled: Floats) -> Floats:
    """Back to counts, none below 0."""
    root = np.sinh(np.maximum(scaled, 0.0) / 2.0) / C
    return np.asarray(np.maximum(root * root - 0.375, 0.0))


def counting_noise(scaled: Floats) -> Floats:
    """The standard deviation that counting alone gives about this level (that of a count n is sqrt(n)), 1 % at least."""
    return np.asarray(np.maximum(C / np.cosh(np.maximum(scaled, 0.0) / 2.0), LEVEL_NOISE))


def of_shares(part: Floats, whole: Floats) -> Floats:
    """Shares as `2 asin(sqrt((k + 3/8) / (n + 3/4)))` (Anscombe 1948): the deviation is 1 / sqrt(n) whatever the share."""
    return np.asarray(2.0 * np.arcsin(np.sqrt(np.clip((part + 0.375) / (whole + 0.75), 0.0, 1.0))))


def to_shares(scaled: Floats) -> Floats:
    """Back to shares from 0 to 1."""
    return np.asarray(np.sin(np.clip(scaled, 0.0, np.pi) / 2.0) ** 2)
