"""The live tables of schema `reporting`: read once at start-up, checked against what the program needs.

Read from `pg_catalog`, because `information_schema` hides what the role has no right to, and a missing right has
to be told apart from a missing column.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

from dq.reporting.catalogue.column import Column, Table
from dq.reporting.catalogue.expected import EXPECTED_TABLES
from dq.reporting.catalogue.problems import find_problems
from etl_core.errors import CatalogueError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.engine import Connection, Engine, Row

SCHEMA = "reporting"

#: Columns with domains resolved to what they are based on. Sequences are those a default draws from.
_COLUMNS = text("""
WITH RECURSIVE base AS (
    SELECT t.oid AS declared, t.oid AS type, -1 AS modifier, false AS not_null, false AS has_default
    FROM pg_type t
  UNION ALL
    SELECT b.declared, t.typbasetype, t.typtypmod, b.not_null OR t.typnotnull,
           b.has_default OR t.typdefault IS NOT NULL
    FROM base b JOIN pg_type t ON t.oid = b.type WHERE t.typtype = 'd'
)
SELECT c.relname AS table_name, a.attname AS name,
       CASE WHEN t.typtype = 'e' THEN 'enum' WHEN t.typtype = 'r' THEN 'range' WHEN t.typtype = 'm' THEN 'multirange'
            WHEN t.typtype = 'c' THEN 'composite' WHEN t.typcategory = 'A' THEN 'array' ELSE t.typname END AS type,
       CASE WHEN t.typname IN ('varchar', 'bpchar') THEN greatest(a.atttypmod, b.modifier) - 4 END AS max_length,
       NOT (a.attnotnull OR b.not_null) AS nullable,
       a.atthasdef OR b.has_default OR a.attidentity <> '' AS has_default,
       a.attgenerated <> '' AS generated,
       ARRAY(SELECT e.enumlabel::text FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder) AS labels,
       EXISTS (SELECT FROM pg_index i
               WHERE i.indrelid = c.oid AND i.indisunique AND i.indnkeyatts = 1
                 AND i.indkey[0] = a.attnum) AS is_unique,
       EXISTS (SELECT FROM pg_constraint f
               WHERE f.conrelid = c.oid AND f.contype = 'f' AND a.attnum = ANY (f.conkey)) AS references_table,
       ARRAY(SELECT p FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE']) p
             WHERE has_column_privilege(c.oid, a.attnum, p)) AS privileges,
       ARRAY(SELECT s.relname::text
             FROM pg_attrdef d
             JOIN pg_depend n ON n.classid = 'pg_attrdef'::regclass AND n.objid = d.oid
                             AND n.refclassid = 'pg_class'::regclass
             JOIN pg_class s ON s.oid = n.refobjid
             WHERE d.adrelid = c.oid AND d.adnum = a.attnum
               AND CASE WHEN s.relkind = 'S' THEN NOT has_sequence_privilege(s.oid, 'USAGE, UPDATE') END
       ) AS locked_sequences
FROM pg_class c
JOIN pg_namespace s ON s.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN base b ON b.declared = a.atttypid
JOIN pg_type t ON t.oid = b.type AND t.typtype <> 'd'
WHERE s.nspname = :schema AND c.relname = ANY (:tables) AND c.relkind IN ('r', 'p', 'v', 'f')
ORDER BY c.relname, a.attnum
""")

#: Unique indexes an ON CONFLICT can name: whole, on plain columns, valid, checked at once.
_UNIQUE_KEYS = text("""
SELECT c.relname AS table_name,
       ARRAY(SELECT a.attname::text FROM unnest(i.indkey[0:i.indnkeyatts - 1]) k
             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k) AS columns
FROM pg_index i
JOIN pg_class c ON c.oid = i.indrelid
JOIN pg_namespace s ON s.oid = c.relnamespace
WHERE s.nspname = :schema AND c.relname = ANY (:tables)
  AND i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL
""")

_TABLE_PRIVILEGES = text("""
SELECT c.relname AS table_name,
       ARRAY(SELECT p FROM unnest(ARRAY['DELETE']) p WHERE has_table_privilege(c.oid, p)) AS privileges
FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace
WHERE s.nspname = :schema AND c.relname = ANY (:tables) AND c.relkind IN ('r', 'p', 'v', 'f')
""")


_ROLE = text("""
SELECT quote_ident(current_user), (SELECT has_schema_privilege(oid, 'USAGE') FROM pg_namespace WHERE nspname = :schema)
""")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The tables found, by name; an optional table that is not there is absent."""

    tables: Mapping[str, Table]

    def table(self, name: str) -> Table:
        """A table that is known to exist."""
        return self.tables[name]

    def __contains__(self, name: str) -> bool:
        return name in self.tables


def read_catalogue(engine: Engine, *, creates_files: bool = False, only_reads: bool = False) -> Catalogue:
    """Read the tables and prove that the program can work with them.

    Args:
        engine: from `etl_core.postgres.database.connect`.
        creates_files: whether rows of monitoring_file will be made (AUTO_CREATE_FILES).
        only_reads: whether nothing will be written: no right to do so is asked for.

    Raises:
        CatalogueError: tables, columns, types or rights are missing; all of them are listed.
    """
    with engine.connect() as connection:
        role, may_enter = connection.execute(
            _ROLE,
            {"schema": SCHEMA},
        ).one()
        catalogue = Catalogue(_read_tables(connection))
    problems = find_problems(
        catalogue.tables, role=role, may_enter=may_enter, creates_files=creates_files, only_reads=only_reads
    )
    if problems:
        raise CatalogueError(f"schema {SCHEMA} of the database", problems)
    return catalogue


def _read_tables(connection: Connection) -> dict[str, Table]:
    wanted = {"schema": SCHEMA, "tables": [table.name for table in EXPECTED_TABLES]}
    columns: dict[str, dict[str, Column]] = {}
    locked: dict[str, list[str]] = {}
    for row in connection.execute(_COLUMNS, wanted):
        columns.setdefault(row.table_name, {})[row.name] = _column(row)
        locked.setdefault(row.table_name, []).extend(row.locked_sequences)
    unique: dict[str, set[frozenset[str]]] = {}
    for row in connection.execute(_UNIQUE_KEYS, wanted):
        unique.setdefault(row.table_name, set()).add(frozenset(row.columns))
    return {
        row.table_name: Table(
            name=row.table_name,
            columns=columns.get(row.table_name, {}),
            unique_keys=frozenset(unique.get(row.table_name, ())),
            privileges=frozenset(row.privileges),
            locked_sequences=tuple(locked.get(row.table_name, ())),
        )
        for row in connection.execute(_TABLE_PRIVILEGES, wanted)
    }


def _column(row: Row[tuple[object, ...]]) -> Column:
    return Column(
        name=row.name,
        type=row.type,
        nullable=row.nullable,
        has_default=row.has_default,
        generated=row.generated,
        max_length=row.max_length if row.max_length is not None and row.max_length > 0 else None,
        labels=tuple(row.labels),
        unique=row.is_unique,
        references=row.references_table,
        privileges=frozenset(row.privileges),
    )
