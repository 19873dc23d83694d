"""The mart is brought to what the history says: months that changed, whole, in one transaction."""

from __future__ import annotations

import sys
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, insert, select

from pipelines.citizens.contracts import CITIZEN, CONTRACTS
from pipelines.citizens.errors import MartMismatchError
from pipelines.citizens.history.work import plan_for_many_rows, walking_along_tables
from pipelines.citizens.mart import dimensions, facts
from pipelines.citizens.mart.tables import dim_date, dim_location
from pipelines.citizens.transform import effective_months, lock_histories, missing_months
from pipelines.citizens.warehouse.meta_tables import unpublished_month

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection

    from pipelines.citizens.doors import CitizensDoors


def to_publish(doors: CitizensDoors) -> list[date]:
    """The months whose facts are not what the history says."""
    with doors.warehouse.connect() as connection:
        return list(connection.scalars(select(unpublished_month.c.snapshot_month).order_by("snapshot_month")))


def missing_snapshots(connection: Connection) -> dict[str, str]:
    """The months that lack between others, as a text for each kind of workbooks that lacks some."""
    lacking = {contract.kind: missing_months(connection, contract.dataset) for contract in CONTRACTS}
    return {kind: ", ".join(f"{month:%Y-%m}" for month in months) for kind, months in lacking.items() if months}


def publish(doors: CitizensDoors) -> int:
    """Publish the months that changed; how many. Whoever reads meanwhile sees the mart as it was.

    Raises:
        MartMismatchError: the mart would have other rows than the history.
    """
    with doors.trail.step("publish", "mart") as step, doors.warehouse.begin() as connection:
        lock_histories(connection)
        months = list(connection.scalars(select(unpublished_month.c.snapshot_month).order_by("snapshot_month")))
        if not months:
            step.message = "nothing has changed"
            return 0
        plan_for_many_rows(connection)
        known = set(effective_months(connection, CITIZEN))
        _dimensions(connection, known, since=_first_day(months, known))
        step.rows = sum(_facts(connection, month, exists=month in known) for month in months)
        connection.execute(delete(unpublished_month).where(unpublished_month.c.snapshot_month.in_(months)))
        for kind, missing in missing_snapshots(connection).items():
            step.remark(f"no workbook of {kind} for {missing}: the month before goes on up to the next there is")
        step.message = f"{len(months)} months, {step.rows:,} facts: {', '.join(f'{month:%Y-%m}' for month in months)}"
        return len(months)


def _first_day(months: Sequence[date], known: set[date]) -> date:
    """From when on the history may be another one than the mart knows: ever, where no known month is earlier."""
    return months[0] if any(month < months[0] for month in known) else date.min


def _dimensions(connection: Connection, months: set[date], since: date) -> None:
    there = set(connection.scalars(select(dim_date.c.year).distinct()))
    if days := list(dimensions.days_of({month.year for month in months} - there)):
        connection.execute(insert(dim_date), days)
    highest = connection.scalar(select(func.max(dim_location.c.location_key)))
    connection.execute(dimensions.add_locations(max(highest or 0, 0), since))
    for change in (dimensions.drop_citizens, dimensions.change_citizens, dimensions.add_citizens):
        connection.execute(change(since))


def _facts(connection: Connection, month: date, *, exists: bool) -> int:
    connection.execute(facts.drop_facts(month))
    if not exists:
        return 0
    expected = connection.scalar(facts.rows_of_history(month)) or 0
    with walking_along_tables(connection, expected):  # the planner has not heard of this month's rows
        connection.execute(facts.add_facts(month))
        found = connection.scalar(facts.rows_of_mart(month)) or 0
    if found != expected:
        raise MartMismatchError(
            f"the mart would have {found} facts of {month:%Y-%m} and the history has {expected} citizens; "
            "nothing was published"
        )
    return found


if __name__ == "__main__":
    from pipelines.citizens.run_pipeline import main

    sys.exit(main(["publish", *sys.argv[1:]]))
