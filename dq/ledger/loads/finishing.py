"""Attempts whose rows are in the tables: one, or as many as a batch has, in a few statements for each 200."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, Text, cast, column, or_, select, tuple_, update, values

from dq.ledger.silver_loads import (
    Ended,
    LoadResult,
    SilverLoad,
    load_of,
    lock_name,
    places,
    read_load,
    run_values,
    step_of,
)
from dq.ledger.tables import silver_load
from etl_core.audit.table import add_lines
from etl_core.postgres.locks import lock_all
from etl_core.storable import storable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection, Engine

    from dq.ledger.silver_loads import LoadState
    from etl_core.audit.account import Account

_C = silver_load.c
#: Attempts that end in one transaction: each holds a lock.
_AT_ONCE = 200
_RUN = ("table", "agency_slug", "file_name", "run_date", "run_hour")
_RESULT = (
    *("rows_read", "rows_silver", "rows_quarantined", "rows_malformed", "rows_healed", "rows_unmatched"),
    *("delta_version", "quarantine_version"),
)


def finish_load(
    engine: Engine, generation: int, result: LoadResult, now: datetime, account: Account | None = None
) -> LoadState:
    """Note that the rows are in the tables: those the run had before are replaced, unless a later attempt was quicker.

    Args:
        engine: of the ledger.
        generation: of the attempt.
        result: what became of the rows.
        now: when.
        account: writes lines of the audit, None where no job is under way.

    Returns:
        `loaded`, or `replaced` when a later attempt on the run is loaded already. The same when asked again.

    Raises:
        LookupError: there is no such attempt.
        DatabaseUnavailableError: no answer.
    """
    return finish_loads(engine, {generation: result}, now, account)[generation]


def finish_loads(
    engine: Engine, results: Mapping[int, LoadResult], now: datetime, account: Account | None = None
) -> dict[int, LoadState]:
    """As `finish_load` for many attempts, by their generations, on as many runs."""
    generations = sorted(results)
    states: dict[int, LoadState] = {}
    for start in range(0, len(generations), _AT_ONCE):
        some = {generation: results[generation] for generation in generations[start : start + _AT_ONCE]}
        with engine.begin() as connection:
            states |= _finish(connection, some, now, account)
    return states


def restore_load(
    engine: Engine, generation: int, restored_from: int, now: datetime, account: Account | None = None
) -> None:
    """Note that `generation` brought back the rows that the replaced attempt `restored_from` had loaded.

    Raises:
        LookupError: there is no such attempt, or the rows of `restored_from` were never counted.
        DatabaseUnavailableError: no answer.
    """
    before = read_load(engine, restored_from)
    if before.counts is None:
        raise LookupError(f"load {restored_from} has no counts; load its object again instead")
    note = f"the rows of load {restored_from} again"
    result = LoadResult(before.counts, before.delta_version, before.quarantine_version, note)
    finish_load(engine, generation, result, now, account)


def _finish(
    connection: Connection, results: Mapping[int, LoadResult], now: datetime, account: Account | None
) -> dict[int, LoadState]:
    loads = _read(connection, results)
    lock_all(connection, [lock_name(load.subject) for load in loads.values()])
    loads = _read(connection, results)
    of_runs = _open_or_loaded(connection, loads.values())
    states: dict[int, LoadState] = {}
    others, ended = dict[int, Ended](), dict[int, Ended]()
    for generation, load in loads.items():
        if load.state == "replaced":
            states[generation] = "replaced"
            continue
        rivals = [one for one in of_runs.get(_run(load), ()) if one.id != generation]
        later = max((one.id for one in rivals if one.state == "loaded"), default=0)
        if later > generation:
            states[generation] = "replaced"
            ended[generation] = Ended("replaced", f"replaced by load {later}", now, account)
            continue
        states[generation] = "loaded"
        ended[generation] = Ended("loaded", results[generation].note, now, account)
        for one in rivals:
            died = "its process ended before it did; " if one.state == "loading" else ""
            if one.state == "loaded" or one.id < generation:
                others[one.id] = Ended("replaced", f"{died}replaced by load {generation}", now, account)
    _end_each(connection, {id_: one for id_, one in others.items() if id_ not in ended}, {})
    _end_each(connection, ended, results)
    return states


def _read(connection: Connection, generations: Iterable[int]) -> dict[int, SilverLoad]:
    wanted = list(generations)
    query = select(silver_load).where(_C.id.in_(wanted)).order_by(_C.id)
    found = {load.id: load for load in map(load_of, connection.execute(query).mappings())}
    for generation in wanted:
        if generation not in found:
            raise LookupError(f"pipeline.silver_load has no row {generation}")
    return found


def _run(load: SilverLoad) -> tuple[Any, ...]:
    return tuple(run_values(load.subject)[name] for name in _RUN)


def _open_or_loaded(connection: Connection, loads: Iterable[SilverLoad]) -> dict[tuple[Any, ...], list[SilverLoad]]:
    """All attempts on the same runs whose rows are in the table, or that have not ended."""
    runs = tuple_(*(_C[name] for name in _RUN)).in_([_run(load) for load in loads])
    query = select(silver_load).where(runs, or_(_C.state == "loaded", _C.state == "loading"))
    found: dict[tuple[Any, ...], list[SilverLoad]] = {}
    for load in map(load_of, connection.execute(query).mappings()):
        found.setdefault(_run(load), []).append(load)
    return found


def _end_each(connection: Connection, ended: Mapping[int, Ended], results: Mapping[int, LoadResult]) -> None:
    """End attempts, each in its own way, and add the lines of the audit."""
    if not ended:
        return
    told = _RESULT if results else ()
    names = ("id", "state", "reason", *told)
    rows: Sequence[tuple[Any, ...]] = [
        (id_, one.state, None if one.reason is None else storable(one.reason), *_figures(results.get(id_)))
        for id_, one in ended.items()
    ]
    given = values(*(column(name, Text if name in {"state", "reason"} else BigInteger) for name in names), name="given")
    each = given.data(list(rows))
    changes: dict[str, Any] = {name: cast(each.c[name], BigInteger) for name in told}
    statement = (
        update(silver_load)
        .where(_C.id == cast(each.c.id, BigInteger))
        .values(
            state=cast(each.c.state, Text),
            reason=cast(each.c.reason, Text),
            finished_at=next(iter(ended.values())).now,
            **changes,
        )
    )
    account = next(iter(ended.values())).account
    if account is None:
        connection.execute(statement)
        return
    found = connection.execute(statement.returning(silver_load, *places())).mappings().all()
    add_lines(connection, [account.line(step_of(row, ended[row["id"]])) for row in found])


def _figures(result: LoadResult | None) -> tuple[Any, ...]:
    if result is None:
        return ()
    known = asdict(result.counts) | {
        "delta_version": result.delta_version,
        "quarantine_version": result.quarantine_version,
    }
    return tuple(known[name] for name in _RESULT)
