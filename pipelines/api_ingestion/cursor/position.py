"""When a record changed, as its field says it: a moment or a whole number, compared as numbers, written as it came."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from pipelines.api_ingestion.errors import PageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipelines.api_ingestion.source.api_source import Incremental

_MOMENT: Final = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)"
    r"(?:(?P<between>[Tt ])(?P<time>\d\d:\d\d(?::\d\d)?)(?:\.(?P<fraction>\d{1,9}))?"
    r"\s?(?P<zone>[Zz]|[+-]\d\d(?::?\d\d)?)?)?"
)
_WHOLE: Final = re.compile(r"-?[0-9]{1,19}")
#: As numbers of nanoseconds do, and digests with their order are packed.
_MOST: Final = 2**63 - 1
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)
#: Moments in UTC with no, three or six digits behind the point.
_PLAIN: Final = {len(text): text for second in ("", ".000", ".000000") for text in (f"0000-00-00T00:00:00{second}Z",)}
_FIRST: Final = datetime(1, 1, 2, tzinfo=timezone.utc)
_MICRO: Final = timedelta(microseconds=1)
_PER_SECOND: Final = {"seconds": 1, "milliseconds": 1000, None: 1}
_UTC_ZONES: Final = ("Z", "z", "")

Form = Literal["number", "day", "moment"]


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the order of changes.

    Attributes:
        order: grows with time: microseconds of a moment, or the number.
        text: as the application wrote it, or would.
    """

    order: int
    text: str


def orders_of(values: Sequence[object]) -> Any:  # noqa: ANN401 - an array
    """The orders of many values, an array of 64 bits; all at once where they are moments in UTC of one length.

    Raises:
        ValueError: one is neither a moment nor a whole number.
    """
    quick = _quick_orders(values)
    return np.fromiter((read_position(value).order for value in values), "i8", len(values)) if quick is None else quick


def _quick_orders(values: Sequence[object]) -> Any | None:  # noqa: ANN401 - an array
    """None where the values are anything but `2026-01-31T12:00:00Z`, with no, three or six digits behind the point."""
    if not values or type(values[0]) is not str or len(values[0]) not in _PLAIN:
        return None
    length = len(values[0])
    try:
        text = "".join(values).encode("ascii")  # type: ignore[arg-type]  # others raise
    except (TypeError, UnicodeEncodeError):
        return None
    if len(text) != length * len(values):
        return None
    letters = np.frombuffer(text, "u1").reshape(-1, length)
    marks = np.frombuffer(_PLAIN[length].encode(), "u1")
    is_digit = marks == ord("0")
    if (letters[:, is_digit] - ord("0") > 9).any() or (letters[:, ~is_digit] != marks[~is_digit]).any():  # noqa: PLR2004 - ten digits
        return None
    try:
        if (letters[:, :4] == ord("0")).all(axis=1).any():
            raise ValueError("there is no year 0")  # noqa: TRY301 - as of a day that there is not
        return np.array([value[:-1] for value in values], "M8[us]").view("i8")  # type: ignore[index]  # texts, as seen
    except ValueError:  # a day or an hour that there is not
        return None


def read_position(value: object) -> Position:
    """Read the value of a field, or of --since.

    Raises:
        ValueError: it is neither a moment nor a whole number; says what it is.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return _whole(value, value)
    if not isinstance(value, str):
        raise ValueError("is neither a moment nor a whole number")  # noqa: TRY004 - a value of somebody's text
    if _WHOLE.fullmatch(value):
        return _whole(int(value), value)
    found = _MOMENT.fullmatch(value)
    if found is None:
        raise ValueError("is neither a moment such as 2026-01-31T12:00:00Z nor a whole number")
    zone = found["zone"] or ""
    if zone not in _UTC_ZONES:
        digits = zone[1:].replace(":", "").ljust(4, "0")
        zone = f"{zone[0]}{digits[:2]}:{digits[2:]}"
    time = (found["time"] or "00:00").ljust(8, "\0").replace("\0\0\0", ":00")
    micros = (found["fraction"] or "")[:6].ljust(6, "0")
    moment = datetime.fromisoformat(f"{found['day']}T{time}.{micros}{'+00:00' if zone in _UTC_ZONES else zone}")
    return Position((moment - _EPOCH) // _MICRO, value)


def _whole(number: int, written: object) -> Position:
    if abs(number) > _MOST:
        raise ValueError("is a whole number that is too large; expected at most 63 bits, as nanoseconds have")
    return Position(number, str(written))


def form_of(position: Position) -> Form:
    """Whether it is a number, a day or a moment."""
    if _WHOLE.fullmatch(position.text):
        return "number"
    return "moment" if ":" in position.text else "day"


def lookback_of(incremental: Incremental, position: Position) -> int:
    """How far behind a position the next reading begins, in its order.

    Raises:
        PageError: the source's file says it in another way than the application counts.
    """
    back = incremental.lookback
    if form_of(position) == "number":
        if isinstance(back, int):
            return back
        if incremental.unit is None:
            hint = "say its unit (seconds or milliseconds), or give lookback as a number"
            raise PageError(f"{incremental.field} is a whole number, and lookback a span of time; {hint}")
        return int(back.total_seconds() * _PER_SECOND[incremental.unit])
    if isinstance(back, int):
        raise PageError(f"{incremental.field} is a moment, and lookback a number; expected a span of time such as 2m")
    return back // _MICRO


def at_moment(incremental: Incremental, like: Position, moment: datetime) -> int | None:
    """A moment in the order of positions like this one, or one shortly before; None where they do not tell of time."""
    match form_of(like):
        case "number" if incremental.unit is None:
            return None
        case "number":
            return int(moment.timestamp()) * _PER_SECOND[incremental.unit]
        case "day":
            moment = moment.astimezone(timezone.utc).replace(hour=0, minute=0, second=0)
    return (moment.replace(microsecond=0) - _EPOCH) // _MICRO


def written_like(like: Position, order: int) -> Position:
    """The position of an order, as the application would write it: in UTC, with as many digits."""
    if form_of(like) == "number":
        return Position(order, str(order))
    moment = max(_EPOCH + timedelta(microseconds=max(order, (_FIRST - _EPOCH) // _MICRO)), _FIRST)
    found = _MOMENT.fullmatch(like.text)
    if found is None or found["time"] is None:
        text = moment.strftime("%Y-%m-%d").rjust(10, "0")
        return Position((moment.replace(hour=0, minute=0, second=0, microsecond=0) - _EPOCH) // _MICRO, text)
    digits = min(len(found["fraction"] or ""), 6)
    micros = f".{moment.microsecond:06d}"[: digits + 1] if digits else ""
    zone = found["zone"] or ""
    text = f"{moment.date().isoformat()}{found['between']}{moment:%H:%M:%S}{micros}{_utc_as(zone)}"
    return read_position(text)


def _utc_as(zone: str) -> str:
    if zone in _UTC_ZONES:
        return zone
    return "+00:00" if ":" in zone else "+0000" if len(zone) > len("+00") else "+00"
