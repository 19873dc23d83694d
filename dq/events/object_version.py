"""Which of two object versions is the newer one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dq.events.sequencer import Relation, compare_sequencers

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class ObjectVersion:
    """What orders versions: `last_modified` (aware) first, then `sequencer`, which counts within one key only."""

    bucket: str
    key: str
    last_modified: datetime | None
    sequencer: str | None


def is_older(candidate: ObjectVersion, standing: ObjectVersion) -> bool:
    """Whether `candidate` must not replace the result of `standing`.

    True only when it is known to be older: where nothing orders the two, the one that was read last
    stands. S3's last-modified has whole seconds, so equal ones say nothing.
    """
    if candidate.last_modified is not None and standing.last_modified is not None:
        mine, theirs = (moment.replace(microsecond=0) for moment in (candidate.last_modified, standing.last_modified))
        if mine != theirs:
            return mine < theirs
    same_key = (candidate.bucket, candidate.key) == (standing.bucket, standing.key)
    return same_key and compare_sequencers(candidate.sequencer, standing.sequencer).relation is Relation.OLDER
