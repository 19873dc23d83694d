"""Which records were seen, by digests of their content: millions of them in 16 bytes each."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

#: Bytes of a digest: of a billion records two share one by a chance of 2 ** -69.
SIZE: Final = 16
_MOST_RECENT: Final = 32 * 1024


def digest_of(text: str) -> bytes:
    """The digest of a record."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=SIZE).digest()


class DigestSet:
    """Digests: the latest in a set, the others in sorted arrays, each at least twice as long as the next."""

    def __init__(self, digests: Iterable[bytes] = ()) -> None:
        self._recent: set[bytes] = set()
        self._sorted: list[Any] = []
        self.add_packed(b"".join(digests))

    def add_packed(self, packed: bytes) -> None:
        """Add digests that stand behind each other."""
        if packed:
            self._keep(np.frombuffer(packed, f"S{SIZE}"))

    def add_new(self, digests: Sequence[bytes]) -> list[bool]:
        """Add digests; of each whether it was not there, nor earlier among these."""
        known = self._among_sorted(digests)
        recent, new = self._recent, []
        for digest, is_known in zip(digests, known, strict=True):
            is_new = not is_known and digest not in recent
            new.append(is_new)
            if is_new:
                recent.add(digest)
        if len(recent) > _MOST_RECENT:
            self._keep(np.frombuffer(b"".join(recent), f"S{SIZE}"))
            self._recent = set()
        return new

    def _among_sorted(self, digests: Sequence[bytes]) -> Iterator[bool] | list[bool]:
        if not self._sorted or not digests:
            return [False] * len(digests)
        asked = np.frombuffer(b"".join(digests), f"S{SIZE}")
        found = np.zeros(len(asked), bool)
        for run in self._sorted:
            places = np.minimum(np.searchsorted(run, asked), len(run) - 1)
            found |= run[places] == asked
        return [bool(one) for one in found]

    def _keep(self, run: Any) -> None:  # noqa: ANN401 - an array
        run = np.sort(run)
        while self._sorted and len(self._sorted[-1]) < 2 * len(run):
            run = np.sort(np.concatenate([self._sorted.pop(), run]))
        self._sorted.append(run)
