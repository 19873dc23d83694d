"""The history that live loads make, computed the plain way: every key through every month."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

OPEN_END = date(9999, 12, 31)
Key = tuple[Any, ...]
Values = tuple[Any, ...]


@dataclass
class LoadSaid:
    """What one load said of each key it had."""

    version_id: int
    snapshot: date
    landed_at: datetime
    rows: dict[Key, Values]
    live: bool = True


class Row(NamedTuple):
    """A row of core without the numbers that stand for keys and values."""

    key: Key
    values: Values
    valid_from: date
    valid_to: date
    version_id: int
    closed_by: int | None


@dataclass
class Oracle:
    """All loads that were brought in."""

    ignores_deletes: bool = False
    loads: list[LoadSaid] = field(default_factory=list)

    def effective(self) -> list[LoadSaid]:
        """Of each month the live load that landed last."""
        by_month: dict[date, LoadSaid] = {}
        for load in sorted(self.loads, key=lambda load: (load.landed_at, load.version_id)):
            if load.live:
                by_month[load.snapshot] = load
        return [by_month[month] for month in sorted(by_month)]

    def core(self) -> list[Row]:
        """The rows, in order."""
        effective = self.effective()
        rows = []
        for key in {key for load in effective for key in load.rows}:
            now: tuple[Values, LoadSaid] | None = None
            for load in effective:
                said = load.rows.get(key)
                if said is None and self.ignores_deletes:
                    continue
                if now is not None and said != now[0]:
                    rows.append(Row(key, now[0], now[1].snapshot, load.snapshot, now[1].version_id, load.version_id))
                    now = None
                if said is not None and now is None:
                    now = (said, load)
            if now is not None:
                rows.append(Row(key, now[0], now[1].snapshot, OPEN_END, now[1].version_id, None))
        return sorted(rows, key=lambda row: (row.key, row.valid_from))
