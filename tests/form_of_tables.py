"""The form of a schema's tables as Postgres tells it, for comparing two databases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

_COLUMNS = """
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity::text,
       a.attstorage::text, pg_get_expr(d.adbin, d.adrelid)
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef d ON d.adrelid = c.oid
    AND d.adnum = a.attnum
WHERE c.relnamespace = CAST(:schema AS regnamespace) AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
"""
_CONSTRAINTS = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = CAST(:schema AS regnamespace)
"""
_TRIGGERS = """
SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(t.oid), pg_get_functiondef(tgfoid)
FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid
WHERE c.relnamespace = CAST(:schema AS regnamespace) AND NOT tgisinternal
"""
_INDEXES = "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = :schema"


def form_of_tables(engine: Engine, schema: str) -> set[tuple[Any, ...]]:
    """Columns, constraints, triggers and indexes of all tables of a schema; not the order of columns."""
    with engine.connect() as connection:
        return {
            tuple(row)
            for query in (_COLUMNS, _CONSTRAINTS, _TRIGGERS, _INDEXES)
            for row in connection.execute(text(query), {"schema": schema})
        }


def rows_of(engine: Engine, table: str, columns: str = "*") -> list[tuple[Any, ...]]:
    """All rows of a table, sorted."""
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(text(f"SELECT {columns} FROM {table}"))]
    return sorted(found, key=str)
