"""How sure it is that what held in so many values will hold in the next ones."""

from __future__ import annotations

from math import sqrt
from typing import Final

#: Of the normal distribution, for 95 % on both sides together.
_Z: Final = 1.959964


def wilson_bound(held: int, of: int) -> float:
    """Give the lower bound of Wilson's score interval at 95 % for a share; of nothing it is 0.

    Of values that all held it is n / (n + 3.84): 0.72 for 10 of them, 0.95 for 73, 0.999 for 3,838.
    (E. B. Wilson, Probable Inference, the Law of Succession, and Statistical Inference, JASA 22, 1927.)

    >>> round(wilson_bound(10, 10), 2), round(wilson_bound(73, 73), 3), round(wilson_bound(97, 100), 2)
    (0.72, 0.95, 0.92)
    """
    if of <= 0:
        return 0.0
    share, square = held / of, _Z * _Z
    middle = share + square / (2 * of)
    spread = _Z * sqrt(share * (1 - share) / of + square / (4 * of * of))
    return max((middle - spread) / (1 + square / of), 0.0)
