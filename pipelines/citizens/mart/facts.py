"""The statements that fill the facts of one month: a row for each citizen of its snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, case, delete, extract, false, func, insert, literal, select, true

from pipelines.citizens.contracts import CITIZEN, CITIZEN_PHONE
from pipelines.citizens.history.tables import history_tables
from pipelines.citizens.mart.dimensions import date_key, known
from pipelines.citizens.mart.tables import UNKNOWN_KEY, dim_citizen, dim_location, fact

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy import ColumnElement, Delete, Insert, Select, Subquery, Table


def drop_facts(month: date) -> Delete:
    """Drop the facts of a month."""
    return delete(fact).where(fact.c.date_key == date_key(month))


def add_facts(month: date) -> Insert:
    """Fill the facts of a month from the rows of the history that hold on its first day.

    `age_years` is that of this day. New is who has a row from this month on and none up to it; changed, who has both.
    """
    core, phones = history_tables(CITIZEN).core, history_tables(CITIZEN_PHONE).core
    counted = (
        select(phones.c.citizen_id, func.count().label("phones"))
        .where(*_holds(phones, month), phones.c.phone.is_not(None))
        .group_by(phones.c.citizen_id)
        .subquery("counted")
    )
    earlier = select(core.c.key_id).where(core.c.valid_to == literal(month)).subquery("earlier")
    ages = _ages(core, month)
    begins, before = core.c.valid_from == literal(month), earlier.c.key_id.is_not(None)
    rows = (
        select(
            literal(date_key(month)),
            core.c.surrogate_key,
            func.coalesce(dim_location.c.location_key, UNKNOWN_KEY),
            ages.c.age,
            func.coalesce(counted.c.phones, 0),
            case((and_(begins, ~before), true()), else_=false()),
            case((and_(begins, before), true()), else_=false()),
        )
        .select_from(
            core.outerjoin(
                dim_location,
                and_(dim_location.c.zip == known(core.c.zip), dim_location.c.city == known(core.c.city)),
            )
            .outerjoin(counted, counted.c.citizen_id == core.c.citizen_id)
            .outerjoin(earlier, earlier.c.key_id == core.c.key_id)
            .outerjoin(ages, ages.c.birth_date == core.c.birth_date)
        )
        .where(*_holds(core, month))
        .order_by(core.c.surrogate_key)
    )
    return insert(fact).from_select([column.name for column in fact.c], rows)


def rows_of_history(month: date) -> Select[int]:
    """Count the citizens of a month in the history."""
    core = history_tables(CITIZEN).core
    return select(func.count()).select_from(core).where(*_holds(core, month))


def rows_of_mart(month: date) -> Select[int]:
    """Count the facts of a month that have their citizen, and their place."""
    joined = fact.join(dim_citizen, dim_citizen.c.citizen_key == fact.c.citizen_key).join(
        dim_location, dim_location.c.location_key == fact.c.location_key
    )
    return select(func.count()).select_from(joined).where(fact.c.date_key == date_key(month))


def _holds(table: Table, month: date) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return table.c.valid_from <= literal(month), table.c.valid_to > literal(month)


def _ages(core: Table, day: date) -> Subquery[Any]:
    """Full years on a day by date of birth, computed once for each: there are far fewer of them than citizens."""
    born = select(core.c.birth_date).where(*_holds(core, day)).distinct().subquery("born")
    birthday = extract("month", born.c.birth_date) * 100 + extract("day", born.c.birth_date)
    is_to_come = case((birthday > day.month * 100 + day.day, 1), else_=0)
    age = literal(day.year) - extract("year", born.c.birth_date) - is_to_come
    return select(born.c.birth_date, age.label("age")).subquery("ages")
