"""One turn of telling: what waits, oldest first, until nothing does, the time is over, or nobody listens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

import structlog

from etl_core.errors import RetryableError
from operations.lineage.telling.senders import EndpointAwayError, EventRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from operations.lineage.events.run_event import RunEvent
    from operations.lineage.telling.senders import Sender

log = structlog.get_logger()

Outcome: TypeAlias = Literal["told", "refused", "unfit"]
#: Lines that are read, told and noted together: a process that is killed has some of so many told twice.
PIECE = 50


class Waiting(Protocol):
    """A line that waits."""

    @property
    def id(self) -> Any:  # noqa: ANN401 - the key of its table
        """Which one."""

    @property
    def at(self) -> datetime:
        """When it was written, aware."""


class Lines(Protocol):
    """An account whose lines are told."""

    def alone(self) -> AbstractContextManager[bool]:
        """Keep others from telling the same meanwhile; whether nobody else does."""

    def give_up(self, now: datetime) -> int:
        """Let go of what is too old; how many lines."""

    def waiting(self, most: int) -> Sequence[Waiting]:
        """The oldest lines that were not told."""

    def event(self, line: Any) -> RunEvent:  # noqa: ANN401 - one of `waiting`
        """What is told of a line."""

    def note(self, outcomes: Sequence[tuple[Any, Outcome]], now: datetime) -> None:
        """Note what became of lines."""

    def settle(self, now: datetime) -> None:
        """Forget the lines of which nobody will ask again."""


@dataclass(slots=True)
class Turn:
    """What a turn came to.

    Attributes:
        taken: lines that were read.
        told: those the endpoint has.
        refused: those it does not take.
        unfit: those of which no event could be made.
        left: those that wait on.
        given_up: those that were too old.
        away: why nobody listens; None where somebody does.
        is_over: nothing waits any more, or another process is at it.
    """

    taken: int = 0
    told: int = 0
    refused: int = 0
    unfit: int = 0
    left: int = 0
    given_up: int = 0
    away: str | None = None
    is_over: bool = False

    def check(self) -> None:
        """Assert that every line that was read is told, refused, unfit or left.

        Raises:
            AssertionError: one is not.
        """
        if self.taken != self.told + self.refused + self.unfit + self.left:
            raise AssertionError(f"lines were lost: {self}")


def tell(lines: Lines, sender: Sender, clock: Callable[[], datetime], is_over: Callable[[], bool]) -> Turn:
    """Tell what waits.

    An endpoint that refuses all events of a piece is taken for a wrong one: what it refused waits on.

    Args:
        lines: of an account.
        sender: where to.
        clock: tells the time, aware.
        is_over: whether the time is.

    Raises:
        PipelineError: the account cannot be read or written.
    """
    turn = Turn()
    with lines.alone() as alone:
        if not alone:
            turn.is_over = True
            return turn
        turn.given_up = lines.give_up(clock())
        while turn.away is None and not is_over():
            piece = lines.waiting(PIECE)
            if not piece:
                turn.is_over = True
                break
            _tell_piece(turn, piece, lines, sender, clock, is_over)
        lines.settle(clock())
    turn.check()
    return turn


def _tell_piece(
    turn: Turn,
    piece: Sequence[Waiting],
    lines: Lines,
    sender: Sender,
    clock: Callable[[], datetime],
    is_over: Callable[[], bool],
) -> None:
    outcomes: list[tuple[Any, Outcome]] = []
    for line in piece:
        if is_over():
            break
        try:
            outcomes.append((line, _tell_one(line, lines, sender)))
        except EndpointAwayError as error:
            turn.away = str(error)
            break
    counts = {name: sum(outcome == name for _, outcome in outcomes) for name in ("told", "refused", "unfit")}
    if counts["refused"] and not counts["told"]:
        turn.away = turn.away or f"all of {counts['refused']} events were refused"
        outcomes = [one for one in outcomes if one[1] != "refused"]
        counts["refused"] = 0
    lines.note(outcomes, clock())
    turn.taken += len(piece)
    turn.told += counts["told"]
    turn.refused += counts["refused"]
    turn.unfit += counts["unfit"]
    turn.left += len(piece) - len(outcomes)


def _tell_one(line: Waiting, lines: Lines, sender: Sender) -> Outcome:
    """Tell one line; one that cannot be told does not keep others from it."""
    try:
        event = lines.event(line)
    except RetryableError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, those behind it wait for it to be over
        log.warning("no event of lineage could be made of a line", line=str(line.id), error_type=type(error).__name__)
        return "unfit"
    try:
        sender.send(event)
    except EventRefusedError as error:
        log.warning("an event of lineage was refused", line=str(line.id), error=str(error))
        return "refused"
    return "told"
