"""The statements that bring the dimensions to what the history says; keys that were given once stay.

Months that are to be published say where the history may be another one: what began before the first of them is as it
was, but for where it ends. So only later rows are compared, which are few, however long the history is.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, exists, func, insert, literal, or_, select, update

from pipelines.citizens.contracts import CITIZEN
from pipelines.citizens.history.tables import history_tables
from pipelines.citizens.mart.tables import UNKNOWN, UNKNOWN_KEY, dim_citizen, dim_location

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy import ColumnElement, Delete, Insert, Update

#: Columns of `dim_citizen` that are called as those of core.
_SAME = (
    *("citizen_id", "first_name", "last_name", "birth_date", "sex", "email", "registered_on", "status"),
    *("valid_from", "valid_to", "is_current", "row_hash"),
)


def date_key(day: date) -> int:
    """The key of a day: 20260131."""
    return day.year * 10_000 + day.month * 100 + day.day


def days_of(years: Iterable[int]) -> Iterator[dict[str, Any]]:
    """Rows of `dim_date` for whole years, as tools that work with time want them."""
    for year in sorted(set(years)):
        day = date(year, 1, 1)
        while day.year == year:
            yield {
                "date_key": date_key(day),
                "day": day,
                "year": year,
                "quarter": (day.month + 2) // 3,
                "month": day.month,
                "month_name": f"{day:%B}",
                "month_key": year * 100 + day.month,
                "day_of_month": day.day,
            }
            day += timedelta(days=1)


def known(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """A part of a place, or what stands for one that is not known."""
    return func.coalesce(column, literal(UNKNOWN))


def add_locations(highest: int, since: date) -> Insert:
    """Number the places that are new in rows from a month on, above the `highest` number so far."""
    core = history_tables(CITIZEN).core
    places = (
        select(known(core.c.zip).label("zip"), known(core.c.city).label("city"))
        .where(core.c.valid_from >= literal(since))
        .distinct()
        .subquery("places")
    )
    new = select(
        literal(highest) + func.row_number().over(order_by=[places.c.zip, places.c.city]), places.c.zip, places.c.city
    ).where(~exists().where(dim_location.c.zip == places.c.zip, dim_location.c.city == places.c.city).correlate(places))
    return insert(dim_location).from_select(["location_key", "zip", "city"], new)


def drop_citizens(since: date) -> Delete:
    """Drop the members from a month on that the history does not have any more."""
    core = history_tables(CITIZEN).core
    return delete(dim_citizen).where(
        dim_citizen.c.citizen_key != UNKNOWN_KEY,
        dim_citizen.c.valid_from >= literal(since),
        ~exists().where(core.c.surrogate_key == dim_citizen.c.citizen_key).correlate(dim_citizen),
    )


def change_citizens(since: date) -> Update:
    """Change the members whose row in the history is another one now: from a month on, or it ends at another day.

    Whole rows are compared where all are published: what a rebuilt history mends in its rows, it does not in hashes.
    """
    core = history_tables(CITIZEN).core
    compared = _SAME if since == date.min else ("row_hash", "valid_to")
    return (
        update(dim_citizen)
        .values({name: core.c[name] for name in _SAME})
        .where(
            dim_citizen.c.citizen_key == core.c.surrogate_key,
            core.c.valid_to >= literal(since),
            dim_citizen.c.valid_to >= literal(since),
            or_(*(dim_citizen.c[name].is_distinct_from(core.c[name]) for name in compared)),
        )
    )


def add_citizens(since: date) -> Insert:
    """Add the members that are new, which are so from a month on."""
    core = history_tables(CITIZEN).core
    new = (
        select(core.c.surrogate_key, *(core.c[name] for name in _SAME))
        .where(
            core.c.valid_from >= literal(since),
            ~exists().where(dim_citizen.c.citizen_key == core.c.surrogate_key).correlate(core),
        )
        .order_by(core.c.surrogate_key)
    )
    return insert(dim_citizen).from_select(["citizen_key", *_SAME], new)
