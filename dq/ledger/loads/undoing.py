"""Loads that take another one back: noted before the tables are touched, so that one whose process died is finished."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert, select

from dq.ledger.loads.finishing import restore_load
from dq.ledger.silver_loads import Ended, SilverLoad, end_loads, load_of, lock_name, read_load, run_values
from dq.ledger.tables import silver_load
from etl_core.postgres.locks import lock

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.engine import Engine

    from dq.ledger.silver_loads import LoadSubject
    from etl_core.audit.account import Account

_C = silver_load.c


def start_undo(engine: Engine, subject: LoadSubject, undoes: int, now: datetime) -> SilverLoad:
    """Note that a load is about to be taken back.

    Args:
        engine: of the ledger.
        subject: whose rows the run is to have then; those of the load itself where it is to have none.
        undoes: the load.
        now: when.

    Raises:
        DatabaseUnavailableError: no answer.
    """
    values = {**run_values(subject), "state": "loading", "started_at": now, "undoes": undoes}
    with engine.begin() as connection:
        row = connection.execute(insert(silver_load).values(values).returning(*silver_load.c)).mappings().one()
        return load_of(row)


def open_undos(engine: Engine) -> tuple[SilverLoad, ...]:
    """Those that have not ended, in their order: under way, or their processes died.

    Raises:
        DatabaseUnavailableError: no answer.
    """
    query = select(silver_load).where(_C.state == "loading", _C.undoes.is_not(None)).order_by(_C.id)
    with engine.connect() as connection:
        return tuple(map(load_of, connection.execute(query).mappings()))


def end_undo(
    engine: Engine, undo: SilverLoad, restored: int | None, reason: str, now: datetime, account: Account | None = None
) -> None:
    """Note that the tables have the rows of `restored` again, or none of the run; one that has ended stays as it is.

    Args:
        engine: of the ledger.
        undo: as `start_undo` gave it.
        restored: the load whose rows are there again.
        reason: where there is none: what the taken load and this one are held for.
        now: when.
        account: writes lines of the audit, None where no job is under way.

    Raises:
        DatabaseUnavailableError: no answer.
    """
    if restored is not None:
        if read_load(engine, undo.id).state == "loading":
            restore_load(engine, undo.id, restored, now, account)
        return
    with engine.begin() as connection:
        lock(connection, *lock_name(undo.subject))
        still = select(_C.id).where(_C.id == undo.id, _C.state == "loading")
        if connection.scalar(still) is not None:
            end_loads(connection, _C.id.in_((undo.id, undo.undoes)), Ended("held", reason, now, account))
