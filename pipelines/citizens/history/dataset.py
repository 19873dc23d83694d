"""What is historised: the columns that identify a thing, and those whose changes make a version of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "date"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a dataset; `length` is how many characters a text may have."""

    name: str
    kind: Kind = "text"
    length: int = 200


@dataclass(frozen=True, slots=True)
class Dataset:
    """What stands in one core table.

    Attributes:
        name: of the core table; those beside it begin with it.
        keys: identify a thing, together; never null.
        tracked: what a thing is like; a change of one of them is a new version of it.
        deletes: whether a thing that a snapshot does not have any more ends (`close`) or goes on as it was (`ignore`).
    """

    name: str
    keys: tuple[Column, ...]
    tracked: tuple[Column, ...]
    deletes: Literal["close", "ignore"] = "close"

    def __post_init__(self) -> None:
        names = [column.name for column in self.columns]
        if not self.keys or len(set(names)) < len(names):
            raise ValueError(f"dataset {self.name} needs a key, and each name once: {', '.join(names)}")

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns, the key first."""
        return (*self.keys, *self.tracked)
