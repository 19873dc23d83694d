"""The statements of a load, in PostgreSQL's words. Names come quoted from the catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pipelines.etl.load.target_table import TargetTable

#: Where rows are before they are compared; it goes with the transaction.
STAGE: Final = "etl_load"


def make_stage(table: TargetTable) -> str:
    """Make a table with the columns of the target and none of its constraints."""
    return f"CREATE TEMPORARY TABLE {STAGE} ON COMMIT DROP AS SELECT {table.names} FROM {table.quoted} WITH NO DATA"  # noqa: S608 - names of the catalogue, quoted


def is_empty(table: TargetTable) -> str:
    """Ask whether a table has no row, and takes all that come by COPY."""
    return f"SELECT NOT row_security_active(to_regclass(%(name)s)) AND NOT EXISTS (SELECT FROM {table.quoted})"  # noqa: S608 - as below


def keep_empty(table: TargetTable) -> str:
    """Have nobody else write to a table until the transaction ends, if nobody does now; readers go on."""
    return f"LOCK TABLE {table.quoted} IN SHARE ROW EXCLUSIVE MODE NOWAIT"


def upsert(table: TargetTable) -> str:
    """Insert rows whose key is not there, update those that are other; gives how many of each.

    Rows come in the order of their key, so that two loads wait for each other instead of both for ever. A row that
    was inserted has no `xmax`: no transaction has replaced it.
    """
    changes = ", ".join(f"{name} = excluded.{name}" for name, _ in table.others)
    before = ", ".join(_compared(f"t.{name}", plain=plain) for name, plain in table.others)
    after = ", ".join(_compared(f"excluded.{name}", plain=plain) for name, plain in table.others)
    done = f"UPDATE SET {changes} WHERE ({before}) IS DISTINCT FROM ({after})" if table.others else "NOTHING"
    key = ", ".join(table.key)
    return f"""
        WITH written AS (
            INSERT INTO {table.quoted} AS t ({table.names}) SELECT {table.names} FROM {STAGE} ORDER BY {key}
            ON CONFLICT ({key}) DO {done} RETURNING t.xmax = 0 AS inserted)
        SELECT count(*) FILTER (WHERE inserted), count(*) FILTER (WHERE NOT inserted) FROM written
    """  # noqa: S608 - names of the catalogue, quoted


def delete_gone(table: TargetTable, day: str) -> str:
    """Delete rows of a day whose key the stage has no more; gives how many."""
    same = " AND ".join(f"s.{name} = t.{name}" for name in table.key)
    return f"""
        WITH gone AS (
            DELETE FROM {table.quoted} AS t WHERE t.{day} >= %(since)s AND t.{day} < %(until)s
            AND NOT EXISTS (SELECT FROM {STAGE} AS s WHERE {same}) RETURNING 1)
        SELECT count(*) FROM gone
    """  # noqa: S608 - as above


def other_days(day: str) -> str:
    """Count the rows of the stage that are not of the day."""
    return f"SELECT count(*) FROM {STAGE} WHERE ({day} >= %(since)s AND {day} < %(until)s) IS NOT TRUE"  # noqa: S608 - as above


def append(table: TargetTable) -> str:
    """Insert all rows; gives how many."""
    return f"""
        WITH written AS (
            INSERT INTO {table.quoted} ({table.names}) SELECT {table.names} FROM {STAGE} RETURNING 1)
        SELECT count(*) FROM written
    """  # noqa: S608 - as above


def _compared(name: str, *, plain: bool) -> str:
    return name if plain else f"CAST({name} AS text)"
