"""Which records were seen, by digests of their content: millions of them in 16 bytes each."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: Bytes of a digest: of a billion records two share one by a chance of 2 ** -69.
SIZE: Final = 16
_MOST_RECENT: Final = 64 * 1024


def digest_of(line: bytes) -> bytes:
    """The digest of a record."""
    return blake2b(line, digest_size=SIZE).digest()


def digests_of(lines: Iterable[bytes]) -> list[bytes]:
    """Those of many records, in a fifth less time."""
    return [blake2b(line, digest_size=SIZE).digest() for line in lines]


class _Run:
    """Sorted digests, searched by their first half."""

    def __init__(self, digests: Any) -> None:  # noqa: ANN401 - an array of nobody else's, which is sorted as it lies
        digests.sort()
        self.digests = digests
        self._heads = _heads(digests)

    def find(self, asked: Any, heads: Any) -> Any:  # noqa: ANN401 - arrays
        """Of each whether it is there."""
        places = np.minimum(np.searchsorted(self._heads, heads), len(self.digests) - 1)
        found = self._heads[places] == heads
        for at in np.flatnonzero(found):
            place = min(int(np.searchsorted(self.digests, asked[at])), len(self.digests) - 1)
            found[at] = self.digests[place] == asked[at]
        return found


class DigestSet:
    """Digests: the latest in a set, the others in sorted runs, each at least twice as long as the next."""

    def __init__(self, digests: Iterable[bytes] = ()) -> None:
        self._recent: set[bytes] = set()
        self._runs: list[_Run] = []
        self.add_packed(b"".join(digests))

    def add_packed(self, packed: bytes | bytearray) -> None:
        """Add digests that stand behind each other."""
        if packed:
            self._keep(np.frombuffer(packed, f"S{SIZE}").copy())

    def add_new(self, digests: Sequence[bytes]) -> list[bool]:
        """Add digests; of each whether it was not there, nor earlier among these."""
        known, recent = self._among_runs(digests), self._recent
        these = set(digests)
        if known is None and len(these) == len(digests) and recent.isdisjoint(these):
            new = [True] * len(digests)
            recent |= these
        else:
            new = []
            for at, digest in enumerate(digests):
                is_new = digest not in recent and not (known is not None and known[at])
                new.append(is_new)
                if is_new:
                    recent.add(digest)
        if len(recent) > _MOST_RECENT:
            packed, self._recent = bytearray().join(recent), set()
            self._keep(np.frombuffer(packed, f"S{SIZE}"))
        return new

    def _among_runs(self, digests: Sequence[bytes]) -> Any:  # noqa: ANN401 - an array
        """Of each whether it is in a run; None where none is."""
        if not self._runs or not digests:
            return None
        asked = np.frombuffer(b"".join(digests), f"S{SIZE}")
        heads, found = _heads(asked), np.zeros(len(asked), bool)
        for run in self._runs:
            found |= run.find(asked, heads)
        return found if found.any() else None

    def _keep(self, digests: Any) -> None:  # noqa: ANN401 - an array
        while self._runs and len(self._runs[-1].digests) < 2 * len(digests):
            last = self._runs.pop().digests
            digests = np.concatenate([last, digests])
            del last
        self._runs.append(_Run(digests))


def _heads(digests: Any) -> Any:  # noqa: ANN401 - arrays
    """The first half of each, as numbers of the same order."""
    return np.ascontiguousarray(digests).view(">u8")[::2].astype("u8")
