"""A file to be profiled, and its bytes as a pinned source."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from dq.events.run_window import WindowChoice
from dq.schema.definition import SchemaDefinition
from etl_core.objects.store import ObjectHead, ObjectStore, Peek


@dataclass(frozen=True, slots=True)
class SourceObject:
    """An object the caller wants profiled. `id` is the caller's own number for it.

    `window` tells how the window of its run is chosen, which a verdict may depend on. `isolated`: it is read in a
    worker of Spark's, where there is a session, however small it is: it may bring down the process that reads it.
    """

    id: int
    peek: Peek
    definition: SchemaDefinition | None
    window: WindowChoice = field(default_factory=WindowChoice)
    isolated: bool = False

    @property
    def size(self) -> int:
        """Size in bytes."""
        return self.peek.head.size


@dataclass(frozen=True, slots=True)
class UnseenObject:
    """As `SourceObject`, but nobody has looked at it yet: many small ones are looked at where they are counted.

    `size` is what its announcement says; a wrong one costs time, nothing else.
    """

    id: int
    bucket: str
    key: str
    version_id: str | None
    size: int
    definition: SchemaDefinition | None
    window: WindowChoice = field(default_factory=WindowChoice)
    isolated: bool = False

    def seen(self, peek: Peek) -> SourceObject:
        """Add what was seen."""
        return SourceObject(self.id, peek, self.definition, self.window, self.isolated)


#: An object the caller wants profiled.
Source: TypeAlias = "SourceObject | UnseenObject"


class StoredSource:
    """One object version as random-access bytes; its first bytes are at hand already."""

    def __init__(self, store: ObjectStore, head: ObjectHead, first: bytes = b"") -> None:
        """Read nothing: `first` are the first bytes where known."""
        self._store = store
        self._head = head
        self._first = first

    @property
    def size(self) -> int:
        """Size in bytes."""
        return self._head.size

    def read(self, start: int, length: int) -> bytes:
        """Read a range, from the bytes at hand where they cover it."""
        end = min(start + length, self._head.size)
        if end <= len(self._first):
            return self._first[start:end]
        return self._store.read(self._head, start, length)
