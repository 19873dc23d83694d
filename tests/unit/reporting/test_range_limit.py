"""Where the span of a file starts."""

from __future__ import annotations

from datetime import date, datetime, timezone

import pytest

from dq.reporting.range_limit import range_lower_limit


def _utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=timezone.utc)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("span", "day", "hour", "expected"),
    [
        ("hourly", date(2026, 1, 4), 12, _utc(2026, 1, 4, 12)),
        ("hourly", date(2026, 1, 4), 23, _utc(2026, 1, 4, 23)),
        ("daily", date(2026, 1, 4), 12, _utc(2026, 1, 3, 13)),
        ("daily", date(2026, 1, 4), 23, _utc(2026, 1, 4, 0)),
        ("daily", date(2024, 3, 1), 0, _utc(2024, 2, 29, 1)),
        ("weekly", date(2026, 1, 4), 23, _utc(2025, 12, 29, 0)),
        ("monthly", date(2026, 1, 4), 12, _utc(2025, 12, 4, 13)),
        ("monthly", date(2026, 3, 31), 5, _utc(2026, 2, 28, 6)),
        ("monthly", date(2026, 1, 31), 23, _utc(2026, 1, 1, 0)),
        (" Daily ", date(2026, 1, 4), 23, _utc(2026, 1, 4, 0)),
        ("daily@09:00 mon-fri Europe/Berlin", date(2026, 1, 4), 23, _utc(2026, 1, 4, 0)),
    ],
)
def test_the_span_ends_with_the_window(span: str, day: date, hour: int, expected: datetime) -> None:
    assert range_lower_limit(span, day, hour) == expected


@pytest.mark.parametrize("span", [None, "", "yearly", "7 days", "dailyish"])
def test_without_a_known_span_there_is_no_limit(span: str | None) -> None:
    assert range_lower_limit(span, date(2026, 1, 4), 12) is None
