"""A workbook that stopped is not wanted any more: it stands no longer, and nobody looks at it again."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from sqlalchemy import insert, select

from pipelines.citizens.errors import NotDismissedError
from pipelines.citizens.files.file_names import shown_name
from pipelines.citizens.transform import lock_histories
from pipelines.citizens.warehouse.landings import DISMISSED, Landing, landings, named, standing_failures
from pipelines.citizens.warehouse.meta_tables import validation_log
from pipelines.citizens.warehouse.tables_of_before import NO_DISMISSAL, asking_to_migrate

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from sqlalchemy.engine import Connection

    from pipelines.citizens.doors import CitizensDoors


def dismiss(name: str, month: date | None, doors: CitizensDoors) -> None:
    """Note of what stands stopped under a name that it is not wanted; what was dismissed before stays so.

    Args:
        name: the workbook's, as `status` shows it.
        month: the first day of the one it is of; None where one month alone has a stopped workbook of this name.
        doors: the outside world.

    Raises:
        NotDismissedError: no such workbook stands stopped, or several months have one.
        CatalogueError: the warehouse is one of before, which knows no such word.
    """
    with doors.trail.step("dismiss", shown_name(name)) as step, doors.warehouse.begin() as connection:
        lock_histories(connection)  # whoever loads has loaded, and whoever loads after sees it
        known = landings(connection, doors.root)
        asked = [one for one in known if one.file_name == name and month in {None, one.snapshot}]
        standing = standing_failures(known)
        wanted = [one for one in asked if one in standing]
        if not wanted and any(one.status == DISMISSED for one in asked):
            step.message = "was dismissed before"
            return
        _require_one_month(name, month, wanted, standing)
        with asking_to_migrate(NO_DISMISSAL):
            _note(connection, wanted, doors.clock())
        step.message = f"{wanted[0].meaning}, which had stopped, is not wanted"


def _require_one_month(name: str, month: date | None, wanted: Sequence[Landing], standing: Sequence[Landing]) -> None:
    months = sorted({one.snapshot for one in wanted})
    if not months:
        of = "" if month is None else f" of {month:%Y-%m}"
        raise NotDismissedError(f"no {shown_name(name)}{of} stands stopped; what does: {named(standing) or 'nothing'}")
    if len(months) > 1:
        which = ", ".join(f"{one:%Y-%m}" for one in months)
        raise NotDismissedError(f"{shown_name(name)} stands stopped of {which}; say which of them with --snapshot")


def _note(connection: Connection, wanted: Sequence[Landing], now: datetime) -> None:
    """A line for each, with the numbers of what was found in it."""
    for one in wanted:
        query = select(validation_log).where(validation_log.c.ingestion_id == one.ingestion_id)
        found = connection.execute(query.order_by(validation_log.c.validation_id.desc())).mappings().first()
        line = dict(found or {})
        line.pop("validation_id", None)
        message = f"not wanted any more; it had stopped: {one.message}"[:2000]
        connection.execute(
            insert(validation_log).values({**line, "status": DISMISSED, "message": message, "validated_at": now})
        )


if __name__ == "__main__":
    from pipelines.citizens.run_pipeline import main

    sys.exit(main(["dismiss", *sys.argv[1:]]))
