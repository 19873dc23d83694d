"""What landed of the last stretch of a source, which is read again: how records that come twice are told."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Final

from pipelines.api_ingestion.cursor.digests import SIZE

if TYPE_CHECKING:
    from collections.abc import Iterator

_ENTRY: Final = struct.Struct(f">q{SIZE}s")
_ROOM: Final = 10_000


class Edge:
    """Digests of records with the order of each; those that are too far behind are forgotten from time to time."""

    def __init__(self, packed: bytes = b"") -> None:
        """Begin with what `packed` gave."""
        self._orders: dict[bytes, int] = {}
        if packed:
            self._orders = {digest: order for order, digest in _ENTRY.iter_unpack(zlib.decompress(packed))}
        self._most = 2 * len(self._orders) + _ROOM

    def add(self, digest: bytes, order: int, begins: int) -> None:
        """Add a record; those before `begins` will never be asked for."""
        if order >= begins:
            self._orders[digest] = order
            if len(self._orders) > self._most:
                self.forget(begins)

    def forget(self, begins: int) -> None:
        """Forget what is before `begins`."""
        self._orders = {digest: order for digest, order in self._orders.items() if order >= begins}
        self._most = 2 * len(self._orders) + _ROOM

    def packed(self) -> bytes:
        """All of it, for the next reading."""
        entries = sorted((order, digest) for digest, order in self._orders.items())
        return zlib.compress(b"".join(_ENTRY.pack(order, digest) for order, digest in entries))

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._orders)

    def __len__(self) -> int:
        return len(self._orders)
