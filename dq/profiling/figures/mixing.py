"""Numbers spread over 64 bits, one to one: equal results mean equal numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)


def mixed(numbers: npt.NDArray[Any]) -> npt.NDArray[np.uint64]:
    """Spread 64-bit numbers (splitmix64's finaliser, Steele et al. 2014), a bijection: nothing ever collides."""
    spread = numbers.view(np.uint64)
    spread = (spread ^ (spread >> np.uint64(30))) * _FIRST
    spread = (spread ^ (spread >> np.uint64(27))) * _SECOND
    result: npt.NDArray[np.uint64] = spread ^ (spread >> np.uint64(31))
    return result
