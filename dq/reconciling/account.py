"""How many objects and keys were found to be how: the account of one comparison."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from dq.reconciling.comparison import FOUND, MATTERS

if TYPE_CHECKING:
    from dq.reconciling.comparison import Compared


_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Account:
    """`objects` were there; `findings` counts them, and keys of the ledger that have none, by what was found.

    `rejected` names no object can have. Every object has one finding.
    """

    objects: int
    findings: Mapping[str, int]
    rejected: int = 0

    def __post_init__(self) -> None:
        """Hold the equation: no object is left out."""
        found = sum(self.findings.get(name, 0) for name in FOUND)
        if found != self.objects:
            raise AssertionError(f"objects were lost: {self.objects} there, {found} compared")

    @property
    def matters(self) -> int:
        """How many differences somebody has to do something about."""
        return self.rejected + sum(self.findings.get(name, 0) for name in MATTERS)


class Counted:
    """Counts what goes by."""

    def __init__(self) -> None:
        self.objects = 0
        self.findings: dict[str, int] = {}

    def stored(self, objects: Iterable[_T]) -> Iterator[_T]:
        """The objects, counted."""
        for one in objects:
            self.objects += 1
            yield one

    def compared(self, compared: Iterable[Compared]) -> Iterator[Compared]:
        """What was found, counted."""
        for one in compared:
            self.findings[one.finding] = self.findings.get(one.finding, 0) + 1
            yield one
