"""The chain of loads: all there ever were, in the order of what they speak of; and when each one's word takes effect.

Of the loads of one snapshot the live one that landed last is the effective one. A load that is dead, or that a later
landing replaced, keeps its place: what it says differently from its neighbour is said by the next effective load too,
unless another load between them says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

#: Days of snapshots are counted from here: with a key's number they make the number of a version.
_FIRST_DAY = date(2000, 1, 1)


@dataclass(frozen=True, slots=True)
class Load:
    """One version of a dataset: a snapshot, when it landed, and whether it was taken back since."""

    version_id: int
    snapshot: date
    landed_at: datetime
    live: bool = True

    @property
    def place(self) -> tuple[date, datetime, int]:
        """What the chain is ordered by."""
        return self.snapshot, self.landed_at, self.version_id


@dataclass(frozen=True, slots=True)
class Link:
    """A load in its place.

    `effective` is the version that brings its word into effect, the load itself or a later one; None where there is
    none, so that it has no effect.
    """

    load: Load
    ordinal: int
    effective: Load | None

    @property
    def effective_day(self) -> int | None:
        """The day from which its word holds, counted from 2000-01-01."""
        return None if self.effective is None else (self.effective.snapshot - _FIRST_DAY).days


def chain_of(loads: Iterable[Load]) -> tuple[Link, ...]:
    """Put loads in order and say which of them brings each one's word into effect."""
    links: list[Link] = []
    effective: Load | None = None
    ordered = sorted(loads, key=lambda load: load.place)
    for at in range(len(ordered) - 1, -1, -1):
        load = ordered[at]
        if load.live and not (effective is not None and effective.snapshot == load.snapshot):
            effective = load
        links.append(Link(load, at, effective))
    return tuple(reversed(links))


def link_of(chain: Sequence[Link], version_id: int) -> Link:
    """The link of a version.

    Raises:
        LookupError: it is none of these.
    """
    for link in chain:
        if link.load.version_id == version_id:
            return link
    raise LookupError(f"version {version_id} is in no chain")


def neighbours(chain: Sequence[Link], version_id: int) -> tuple[Link | None, Link | None]:
    """The links right before and right after a version, whether live or not."""
    at = link_of(chain, version_id).ordinal
    return (chain[at - 1] if at else None), (chain[at + 1] if at + 1 < len(chain) else None)


def touching(chain: Sequence[Link], version_id: int) -> tuple[Link, ...]:
    """The links whose claims name the keys that a version touches when it comes, or goes.

    Those after the effective load of an earlier snapshot, up to the version itself: everything before takes effect with
    that load or an earlier one, and what comes after the version is said by the same load with and without it.
    """
    own = link_of(chain, version_id)
    before = [
        link.ordinal
        for link in chain
        if link.effective is not None
        and link.effective.version_id == link.load.version_id
        and link.load.snapshot < own.load.snapshot
    ]
    first = max(before) + 1 if before else 0
    return tuple(chain[first : own.ordinal + 1])


@dataclass(frozen=True, slots=True)
class Handover:
    """One load now brings into effect what another one did, and nothing else has changed.

    `handed` are the versions whose word went from `giver` to `taker`; `kept` those that either brings into effect as it
    did before. A key of the first that is in none of the others has the same history as before, under another name and
    from another day: between the two loads none takes effect.
    """

    giver: Load
    taker: Load
    handed: tuple[int, ...]
    kept: tuple[int, ...]

    @property
    def days(self) -> int:
        """How many days later it takes effect."""
        return (self.taker.snapshot - self.giver.snapshot).days


def handover(before: Sequence[Link], after: Sequence[Link]) -> Handover | None:
    """What the turn of a load comes down to; None where it is not one load's word becoming another one's.

    `before` and `after` are the chains of the same loads.
    """
    pairs = [(old.effective, new.effective) for old, new in zip(before, after, strict=True)]
    ways = {(old, new) for old, new in pairs if old != new}
    if len(ways) != 1:
        return None
    giver, taker = way = ways.pop()
    if giver is None or taker is None:
        return None
    versions = [link.load.version_id for link in after]
    handed = tuple(version for version, pair in zip(versions, pairs, strict=True) if pair == way)
    kept = tuple(
        version for version, pair in zip(versions, pairs, strict=True) if pair != way and pair[1] in (giver, taker)
    )
    return Handover(giver, taker, handed, kept)
