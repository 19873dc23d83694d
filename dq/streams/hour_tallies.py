"""Counting the records of a part of a stream, each in its hour: profiles that are merged with those of other parts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from dq.profiling.profile.codec import encode_profile
from dq.profiling.tally.file_tally import FileTally
from dq.streams.hidden_values import without_hidden_values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dq.streams.record_checks import CheckedRecords, RecordChecks


@dataclass(frozen=True, slots=True)
class HourPart:
    """What was counted of one hour in one part of a stream.

    Attributes:
        hour: its beginning, UTC.
        records: those that can be read and those that cannot, without tombstones.
        size: bytes of their values.
        newest: when the newest of them was written.
        profile: the counts, as bytes; values of sensitive fields are not in it.
    """

    hour: datetime
    records: int
    size: int
    newest: datetime
    profile: bytes


@dataclass(slots=True)
class _Hour:
    tally: FileTally
    newest: datetime
    records: int = 0
    size: int = 0


class HourTallies:
    """The running counts of one part."""

    def __init__(self, checks: RecordChecks, part: int) -> None:
        """Begin with no hour.

        Args:
            checks: what records are held against.
            part: a number below 2 ** 23 that no other part has that is not put together yet; later ones are larger.
        """
        self._checks, self._part = checks, part
        self._hours: dict[datetime, _Hour] = {}

    def look(self, hour: datetime, values: Sequence[bytes], newest: datetime) -> CheckedRecords:
        """Check records of one hour, and count them; `newest` is when the last of them was written."""
        found = self._hours.get(hour)
        if found is None:
            found = self._hours[hour] = _Hour(FileTally(self._checks.recipe, self._part), newest)
        checked = self._checks.look(values, found.tally)
        found.records += len(values)
        found.size += sum(map(len, values))
        found.newest = max(found.newest, newest)
        return checked

    def parts(self) -> list[HourPart]:
        """Give what was counted, an entry for every hour."""
        return [
            HourPart(
                hour,
                one.records,
                one.size,
                one.newest,
                encode_profile(without_hidden_values(one.tally.profile(), self._checks)),
            )
            for hour, one in sorted(self._hours.items())
        ]


def hour_of(moment: datetime) -> datetime:
    """The beginning of the hour a moment is in."""
    return moment - timedelta(minutes=moment.minute, seconds=moment.second, microseconds=moment.microsecond)
