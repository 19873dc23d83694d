"""What befalls a simulated process, and at which of its effects on the outside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

_T = TypeVar("_T")


class ProcessDiedError(BaseException):
    """The process is killed here: nothing of it catches this, and nothing it does afterwards has an effect."""


@dataclass
class Faults:
    """The faults that wait for one process.

    Every effect (a statement, a commit, a request to the store or the queue, a call of the engine) has two moments:
    before it happens, and after it happened and before its answer arrives. Moments are counted, and a fault waits for
    one of them by its number.

    `is_quiet` says whether the process holds no lock that others would wait for; until it does, what others do
    meanwhile has to wait, for there is only one thread.
    """

    is_quiet: Callable[[], bool] = lambda: True
    dead: bool = False
    moments: int = 0
    _deaths: list[int] = field(default_factory=list)
    _losses: list[int] = field(default_factory=list)
    _stops: list[int] = field(default_factory=list)
    _at_once: list[tuple[int, Callable[[], object]]] = field(default_factory=list)
    _meanwhile: list[tuple[int, Callable[[], object]]] = field(default_factory=list)

    def die(self, after: int) -> None:
        """Be killed at the moment after so many more."""
        self._deaths.append(self.moments + after)

    def lose(self, after: int) -> None:
        """Have the effect fail: before it happened, or with its answer lost."""
        self._losses.append(self.moments + after)

    def stop(self, after: int) -> None:
        """Be asked to end at once, as by a second Ctrl-C."""
        self._stops.append(self.moments + after)

    def at(self, after: int, action: Callable[[], object]) -> None:
        """Have something happen that waits for nobody."""
        self._at_once.append((self.moments + after, action))

    def meanwhile(self, after: int, action: Callable[[], object]) -> None:
        """Let others do something in the middle of what the process does."""
        self._meanwhile.append((self.moments + after, action))

    def clear(self) -> None:
        """Nothing more befalls it."""
        for numbers in (self._deaths, self._losses, self._stops):
            numbers.clear()
        for actions in (self._at_once, self._meanwhile):
            actions.clear()

    def killed(self) -> ProcessDiedError:
        """Die here and now."""
        self.dead = True
        return ProcessDiedError()

    def effect(self, call: Callable[[], _T], failure: Callable[[], Exception]) -> _T:
        """Have an effect on the outside.

        Args:
            call: what does it.
            failure: makes what the process sees when the effect fails.

        Raises:
            ProcessDiedError: the process is dead, or dies now.
            KeyboardInterrupt: somebody asks it to end.
        """
        self._moment(failure, before=True)
        result = call()
        self._moment(failure, before=False)
        return result

    def _moment(self, failure: Callable[[], Exception], *, before: bool) -> None:
        if self.dead:
            raise ProcessDiedError
        if before and self.is_quiet():
            due = [one for one in self._meanwhile if one[0] <= self.moments]
            self._meanwhile = [one for one in self._meanwhile if one[0] > self.moments]
            for _, action in due:
                action()
        now, self.moments = self.moments, self.moments + 1
        for action in [action for moment, action in self._at_once if moment == now]:
            action()
        if now in self._deaths:
            raise self.killed()
        if now in self._losses:
            raise failure()
        if before and now in self._stops:
            raise KeyboardInterrupt
