"""What became of the parts of one announcement: nothing in it goes unaccounted for."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from dq.events.object_event import ObjectEvent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@dataclass(frozen=True, slots=True)
class Skipped:
    """Understood, and nothing to do: a test event, a deletion, a folder marker, ...

    `kind` is what is counted (the event's own name where it has one), `reason` a sentence, `subject`
    the object it is about, as `bucket/key`, where that is known.
    """

    kind: str
    reason: str
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """Not understood: `reason` says what was found and expected, `body` is the part's text, kept for people."""

    reason: str
    body: str


#: What a part of an announcement ends as.
Part: TypeAlias = ObjectEvent | Skipped | Rejected


@dataclass(frozen=True, slots=True)
class Announcement:
    """The parts of one announcement, each in its order."""

    events: tuple[ObjectEvent, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    rejected: tuple[Rejected, ...] = ()

    @property
    def parts(self) -> tuple[Part, ...]:
        """All of them."""
        return (*self.events, *self.skipped, *self.rejected)

    def skipped_kinds(self) -> dict[str, int]:
        """How many parts of each kind there was nothing to do for."""
        return dict(Counter(part.kind for part in self.skipped))


def collect(parts: Iterable[Part]) -> Announcement:
    """Sort parts into an announcement."""
    events: list[ObjectEvent] = []
    skipped: list[Skipped] = []
    rejected: list[Rejected] = []
    for part in parts:
        match part:
            case Skipped():
                skipped.append(part)
            case Rejected():
                rejected.append(part)
            case _:
                events.append(part)
    return Announcement(tuple(events), tuple(skipped), tuple(rejected))


def in_pieces(parts: Iterable[Part], most: int = 1000, most_text: int = 8 * 1024 * 1024) -> Iterator[Announcement]:
    """Announcements of moderate size, in the order of the parts; the parts may be any number.

    Args:
        parts: are taken as they are needed.
        most: of them in one announcement.
        most_text: characters of rejected texts in one, about.
    """
    held: list[Part] = []
    text = 0
    for part in parts:
        held.append(part)
        text += len(part.body) if isinstance(part, Rejected) else 0
        if len(held) >= most or text >= most_text:
            yield collect(held)
            held, text = [], 0
    if held:
        yield collect(held)


def combine(announcements: Iterable[Announcement]) -> Announcement:
    """One announcement of the parts of several."""
    each = tuple(announcements)
    return Announcement(
        tuple(event for one in each for event in one.events),
        tuple(part for one in each for part in one.skipped),
        tuple(part for one in each for part in one.rejected),
    )
