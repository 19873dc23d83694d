"""Numbers spread over 64 bits, one to one: equal results mean equal numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
#: Their inverses modulo 2**64.
_FIRST_BACK = np.uint64(pow(int(_FIRST), -1, 1 << 64))
_SECOND_BACK = np.uint64(pow(int(_SECOND), -1, 1 << 64))


def mixed(numbers: npt.NDArray[Any]) -> npt.NDArray[np.uint64]:
    """Spread 64-bit numbers (splitmix64's finaliser, Steele et al. 2014), a bijection: nothing ever collides."""
    spread = numbers.view(np.uint64)
    spread = (spread ^ (spread >> np.uint64(30))) * _FIRST
    spread = (spread ^ (spread >> np.uint64(27))) * _SECOND
    result: npt.NDArray[np.uint64] = spread ^ (spread >> np.uint64(31))
    return result


def unmixed(spread: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Give the numbers, unsigned, that `mixed` spread so."""
    numbers = (spread ^ (spread >> np.uint64(31)) ^ (spread >> np.uint64(62))) * _SECOND_BACK
    numbers = (numbers ^ (numbers >> np.uint64(27)) ^ (numbers >> np.uint64(54))) * _FIRST_BACK
    result: npt.NDArray[np.uint64] = numbers ^ (numbers >> np.uint64(30)) ^ (numbers >> np.uint64(60))
    return result
