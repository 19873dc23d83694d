"""How far two distributions are apart, and how far they may be by the size of their samples alone."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.special import chdtri, kolmogi

Floats = npt.NDArray[np.float64]

#: Distances below these matter to nobody, however many rows there are: PSI as its users say "some shift" from 0.1 on,
#: KS a tenth of the rows.
PSI_MATTERS, KS_MATTERS = 0.1, 0.1
#: Bins of a reference at most.
BINS = 20


def quantile_edges(ordered: Floats) -> Floats:
    """The inner edges of bins that have about as many of these ascending numbers each; fewer where many are equal."""
    if not len(ordered):
        return np.empty(0)
    edges = ordered[(np.arange(1, BINS) * len(ordered)) // BINS]
    return np.asarray(edges[(edges > ordered[0]) & (np.diff(edges, prepend=-np.inf) > 0)])


def binned(ordered: Floats, edges: Floats) -> Floats:
    """How many of these ascending numbers are in each bin; a number on an edge is in the bin above it."""
    counts = np.empty(len(edges) + 1)
    below = np.searchsorted(ordered, edges)
    counts[:-1] = below
    counts[-1] = len(ordered)
    counts[1:] -= below
    return counts


def psi(one: Floats, other: Floats) -> float:
    """The population stability index of two histograms over the same bins, a half added to each bin."""
    p, q = one + 0.5, other + 0.5
    p /= p.sum()
    q /= q.sum()
    return float((p - q) @ np.log(p / q))


def psi_critical(one: float, other: float, bins: int, risk: float) -> float:
    """What the index of samples of these sizes, of one distribution, exceeds with the probability `risk`.

    (1/N + 1/M) times a quantile of chi-square with bins - 1 degrees of freedom (Yurdakul 2018).
    """
    if bins < 2 or min(one, other) <= 0:  # noqa: PLR2004 - one bin has no distance
        return float("inf")
    return float((1.0 / one + 1.0 / other) * _chi2(bins - 1, risk))


@lru_cache(4096)
def _chi2(freedom: int, risk: float) -> float:
    return float(chdtri(freedom, risk))


@lru_cache(4096)
def _kolmogorov(risk: float) -> float:
    return float(kolmogi(risk))


def ks(one: Floats, other: Floats) -> float:
    """The largest distance of two cumulative histograms; at most a bin's share less than that of the samples."""
    many, others = float(one.sum()), float(other.sum())
    if not many or not others:
        return 0.0
    return float(np.abs(np.cumsum(one / many - other / others)).max())


def ks_critical(one: float, other: float, risk: float) -> float:
    """What the distance of samples of these sizes, of one distribution, exceeds with the probability `risk`."""
    if min(one, other) <= 0:
        return float("inf")
    return float(_kolmogorov(risk) * math.sqrt((one + other) / (one * other)))
