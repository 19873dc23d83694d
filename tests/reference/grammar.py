"""The grammar of cells once more, as plainly as possible: an independent witness that imports nothing from `dq`."""

from __future__ import annotations

import json
import math
import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

BAD = object()


class NumberToken(str):
    """A JSON number as it is written."""

    __slots__ = ()


def value_of_text(text: str, kind: str, pattern: str | None) -> Any:  # noqa: ANN401, PLR0911
    """Give the value of a text cell, or BAD."""
    if kind in {"string", "any"}:
        return text
    if kind == "integer":
        return integer(text)
    if kind == "number":
        return number(text)
    if kind == "decimal":
        return Decimal(text) if re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)", text) else BAD
    if kind == "boolean":
        return {"true": True, "True": True, "TRUE": True, "1": True,
                "false": False, "False": False, "FALSE": False, "0": False}.get(text, BAD)  # fmt: skip
    if kind in {"object", "array"}:
        return nested(text, dict if kind == "object" else list)
    return with_pattern(text, kind, pattern) if pattern else calendar(text, kind)


def integer(text: str) -> Any:  # noqa: ANN401
    if not re.fullmatch(r"[+-]?[0-9]+", text):
        return BAD
    return int(text) if -(2**63) <= int(text) < 2**63 else BAD


def number(text: str) -> Any:  # noqa: ANN401
    if not re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", text):
        return BAD
    return float(text) if math.isfinite(float(text)) else BAD


def nested(text: str, wanted: type) -> Any:  # noqa: ANN401
    try:
        value = json.loads(text)
    except ValueError:
        return BAD
    return json.dumps(value) if isinstance(value, wanted) else BAD


class Moment(NamedTuple):
    """A datetime or time to the microsecond, and the nanoseconds beyond."""

    at: Any
    rest: int


def with_pattern(text: str, kind: str, pattern: str) -> Any:  # noqa: ANN401
    try:
        moment = datetime.strptime(text, pattern)  # noqa: DTZ007
    except ValueError:
        return BAD
    if len(moment.strftime(pattern)) != len(text):  # strptime takes fewer digits than strftime writes
        return BAD
    if kind == "date":
        return moment.date()
    if moment.tzinfo is not None:
        offset = moment.utcoffset() or timedelta(0)
        moment = moment.replace(tzinfo=None) - offset
    return Moment(moment.time() if kind == "time" else moment, 0)


def calendar(text: str, kind: str) -> Any:  # noqa: ANN401
    day, clock = r"(\d{4})-(\d\d)-(\d\d)", r"(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?"
    try:
        if kind == "date" and (found := re.fullmatch(day, text, re.ASCII)):
            return date(*map(int, found.groups()))
        if kind == "time" and (found := re.fullmatch(clock, text, re.ASCII)):
            return clock_of(*found.groups())
        if kind == "duration":
            return duration(text)
        if kind == "datetime" and (found := re.fullmatch(f"{day}[T ]{clock}(Z|[+-]\\d\\d:\\d\\d)?", text, re.ASCII)):
            parts = found.groups()
            of_day = clock_of(*parts[3:7])
            moment = datetime.combine(date(*map(int, parts[:3])), of_day.at)
            return Moment(moment - offset_of(parts[7]), of_day.rest)
    except (ValueError, OverflowError):
        return BAD
    return BAD


def clock_of(hours: str, minutes: str, seconds: str, fraction: str | None) -> Moment:
    digits = (fraction or "").ljust(9, "0")
    return Moment(time(int(hours), int(minutes), int(seconds), int(digits[:6])), int(digits[6:]))


def duration(text: str) -> Any:  # noqa: ANN401
    """Give seconds: of a clock whose hours do not end, or of ISO 8601 with parts of a fixed length."""
    sign, rest = (-1 if text[:1] == "-" else 1), text[1:] if text[:1] in {"+", "-"} else text
    seconds = r"\d+(?:\.\d{1,9})?"
    if found := re.fullmatch(r"(\d+):([0-5]\d):([0-5]\d(?:\.\d{1,9})?)", rest, re.ASCII):
        total = int(found[1]) * 3600 + int(found[2]) * 60 + Fraction(found[3])
    elif found := re.fullmatch(r"P(\d+)W", rest, re.ASCII):
        total = Fraction(int(found[1]) * 7 * 86400)
    elif rest[-1:] not in {"P", "T"} and (
        found := re.fullmatch(f"P(?:(\\d+)D)?(?:T(?:(\\d+)H)?(?:(\\d+)M)?(?:({seconds})S)?)?", rest, re.ASCII)
    ):
        days, hours, minutes, last = (Fraction(part or 0) for part in found.groups())
        total = days * 86400 + hours * 3600 + minutes * 60 + last
    else:
        return BAD
    return sign * total if abs(total) * 10**6 < 2**63 else BAD


def offset_of(text: str | None) -> timedelta:
    if text in {None, "Z"}:
        return timedelta(0)
    assert text is not None
    hours, minutes = int(text[1:3]), int(text[4:6])
    if hours > 23 or minutes > 59:
        raise ValueError(text)
    size = timedelta(hours=hours, minutes=minutes)
    return -size if text[0] == "-" else size


def value_of_json(value: Any, kind: str, pattern: str | None) -> Any:  # noqa: ANN401, PLR0911
    """Give the value of a JSON cell that is not null by its physical type, or BAD."""
    if kind == "any":
        return text_of_json(value)
    if isinstance(value, NumberToken):
        if kind == "integer":
            return integer(str(value))
        if kind == "number":
            return number(str(value))
        return Decimal(str(value)) if kind == "decimal" else BAD
    if isinstance(value, bool):
        return value if kind == "boolean" else BAD
    if isinstance(value, str):
        if kind == "string":
            return value
        return value_of_text(value, kind, pattern) if kind in {"date", "datetime", "time", "duration"} else BAD
    if isinstance(value, dict):
        return json.dumps(value) if kind == "object" else BAD
    return json.dumps(value) if kind == "array" else BAD


def text_of_json(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, str):
        return str(value)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
