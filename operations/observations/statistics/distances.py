"""How far two distributions are apart, and how far they may be by the size of their samples alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import chdtri, kolmogi

Floats = npt.NDArray[np.float64]

#: Distances below these matter to nobody, however many rows there are: PSI as its users say "some shift" from 0.1 on,
#: KS a tenth of the rows.
PSI_MATTERS, KS_MATTERS = 0.1, 0.1
#: Bins of a reference at most.
BINS = 20


def quantile_edges(numbers: Floats) -> Floats:
    """The inner edges of bins that have about as many of these numbers each; fewer where many numbers are equal."""
    if not len(numbers):
        return np.empty(0)
    ranks = (np.arange(1, BINS) * len(numbers)) // BINS
    edges = np.unique(np.partition(numbers, ranks)[ranks])
    return np.asarray(edges[edges > numbers.min()])


def binned(numbers: Floats, edges: Floats) -> Floats:
    """How many numbers are in each bin; a number on an edge is in the bin above it."""
    below = np.searchsorted(np.sort(numbers), edges)
    return np.diff(np.concatenate(([0], below, [len(numbers)]))).astype(np.float64)


def psi(one: Floats, other: Floats) -> float:
    """The population stability index of two histograms over the same bins, a half added to each bin."""
    p = (one + 0.5) / (one.sum() + 0.5 * len(one))
    q = (other + 0.5) / (other.sum() + 0.5 * len(other))
    return float(((p - q) * np.log(p / q)).sum())


def psi_critical(one: float, other: float, bins: int, risk: float) -> float:
    """What the index of samples of these sizes, of one distribution, exceeds with the probability `risk`:
    (1/N + 1/M) times a quantile of chi-square with bins - 1 degrees of freedom (Yurdakul 2018)."""
    if bins < 2 or min(one, other) <= 0:  # noqa: PLR2004 - one bin has no distance
        return float("inf")
    return float((1.0 / one + 1.0 / other) * chdtri(bins - 1, risk))


def ks(one: Floats, other: Floats) -> float:
    """The largest distance of two cumulative histograms over the same bins; 1/bins less than that of the samples at most."""
    if not one.sum() or not other.sum():
        return 0.0
    return float(np.abs(np.cumsum(one) / one.sum() - np.cumsum(other) / other.sum()).max())


def ks_critical(one: float, other: float, risk: float) -> float:
    """What the distance of samples of these sizes, of one distribution, exceeds with the probability `risk` (asymptotic)."""
    if min(one, other) <= 0:
        return float("inf")
    return float(kolmogi(risk) * np.sqrt((one + other) / (one * other)))
