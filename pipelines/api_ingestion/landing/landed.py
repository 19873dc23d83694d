"""An object of records: which, in whose window, and what is needed to tell after a crash what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Landing:
    """One object.

    Attributes:
        source, endpoint, agency, file: whose records.
        run_id, part: which object of which run, counted from 1.
        key: in the landing bucket.
        window: the hour that its run is of; of a window the latest object counts, and holds what those before it hold.
        size: in bytes.
        records: those that are new in it.
        digests: of these, behind each other.
        state: `writing` until it is known to be there.
        at: when it was begun, or landed.
        number: in the account.
    """

    source: str
    endpoint: str
    agency: str
    file: str
    run_id: str
    part: int
    key: str
    window: datetime
    size: int
    records: int
    digests: bytes | bytearray = field(repr=False)
    state: Literal["writing", "landed"]
    at: datetime
    number: int = 0
