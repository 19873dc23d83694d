"""Months as people write them: which day a month begins on, which months workbooks may be of, many in a few words."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final

#: Before it nobody kept citizens in workbooks.
_FIRST: Final = date(1990, 1, 1)
#: A year and a month; there is no year 0.
YEAR_AND_MONTH: Final = r"(?P<year>(?!0000)[0-9]{4})-(?P<month>0[1-9]|1[0-2])"
#: 2026-01, a day or a moment of it, 01/2026, 01.2026.
_FORMS: Final = (
    re.compile(rf"{YEAR_AND_MONTH}(?:-[0-9]{{2}})?(?:[T ].*)?"),
    re.compile(r"(?P<month>0?[1-9]|1[0-2])[/.](?P<year>(?!0000)[0-9]{4})"),
)


def read_month(text: str) -> date | None:
    """The first day of a month written as `2026-01` or `01/2026`, or of that of a day; None where it is neither."""
    found = next(filter(None, (form.fullmatch(text.strip()) for form in _FORMS)), None)
    return first_day(found) if found else None


def first_day(found: re.Match[str]) -> date:
    """The first day of the month that a match of `YEAR_AND_MONTH` names."""
    return date(int(found["year"]), int(found["month"]), 1)


def last_day(month: date) -> date:
    """The last day of a month that is known by its first.

    >>> last_day(date(2026, 12, 1))
    datetime.date(2026, 12, 31)
    """
    return month.replace(day=monthrange(month.year, month.month)[1])


def expected_instead(month: date, today: date) -> str | None:
    """What is expected instead of a month that no workbook is of, None where one may be: a mistyped year lies far off.

    >>> expected_instead(date(2206, 1, 1), date(2026, 6, 30))
    'expected a month from 1990-01 to 2027-12'
    """
    latest = date(today.year + 1, 12, 1)
    if _FIRST <= month <= latest:
        return None
    return f"expected a month from {_FIRST:%Y-%m} to {latest:%Y-%m}"


def in_words(months: Iterable[date]) -> str:
    """Months in their order, those that follow each other as one range.

    >>> in_words([date(2026, 1, 1), *(date(2026, month, 1) for month in (3, 4, 5))])
    '2026-01, 2026-03 to 2026-05'
    """
    return ", ".join(
        first if first == last else f"{first} to {last}"
        for first, last in ((run[0].isoformat()[:7], run[-1].isoformat()[:7]) for run in _runs(months))
    )


def _runs(months: Iterable[date]) -> Iterator[list[date]]:
    run: list[date] = []
    for month in months:
        if run and _number(month) != _number(run[-1]) + 1:
            yield run
            run = []
        run.append(month)
    if run:
        yield run


def _number(month: date) -> int:
    """Months counted from the year 0 on."""
    return month.year * 12 + month.month
