"""The table that a flow loads, as the warehouse's catalogue tells it, held against the rows that are to go there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pyarrow as pa
from sqlalchemy import text

from etl_core.postgres.rights import missing_on_table
from pipelines.etl.errors import TargetError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection

    from pipelines.etl.flow.flow import Target

_COLUMNS: Final = text("""
SELECT a.attname, t.typname, a.attnotnull AND NOT a.atthasdef AND a.attidentity = '', a.attgenerated <> ''
       OR a.attidentity = 'a'
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = to_regclass(:name) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
""")
#: Keys by which ON CONFLICT finds rows: whole, of plain columns, checked at once.
_KEYS: Final = text("""
SELECT array_agg(CAST(a.attname AS text)) FROM pg_index i
CROSS JOIN LATERAL unnest(i.indkey[0:i.indnkeyatts - 1]) AS k(attnum)
JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
WHERE i.indrelid = to_regclass(:name) AND i.indisunique AND i.indisvalid AND i.indimmediate
  AND i.indpred IS NULL AND i.indexprs IS NULL
GROUP BY i.indexrelid
""")
#: Types of which Postgres has no equality: their texts are compared.
_WITHOUT_EQUALITY: Final = frozenset({"json", "xml", "point", "polygon", "txid_snapshot"})
#: Columns of Parquet that COPY takes as they are written there.
_PLAIN: Final = (
    pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_boolean, pa.types.is_string,
    pa.types.is_large_string, pa.types.is_date, pa.types.is_timestamp, pa.types.is_time, pa.types.is_binary,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class TargetTable:
    """The table, with names quoted for statements.

    Attributes:
        name: as people write it.
        quoted: as statements do.
        columns: those that are loaded, by their quoted names, with whether their values can be compared.
        key: the quoted columns that tell rows apart.
    """

    name: str
    quoted: str
    columns: tuple[tuple[str, bool], ...]
    key: tuple[str, ...]

    @property
    def names(self) -> str:
        """The columns as a list for a statement."""
        return ", ".join(name for name, _ in self.columns)

    @property
    def others(self) -> tuple[tuple[str, bool], ...]:
        """The columns beside the key."""
        return tuple(column for column in self.columns if column[0] not in self.key)


def target_table(connection: Connection, target: Target, schema: pa.Schema) -> TargetTable:
    """Look the table up.

    Args:
        connection: to the warehouse.
        target: what the flow says of it.
        schema: of the rows.

    Raises:
        TargetError: it is not there, or rows of this form have no place in it; lists all that is wrong.
    """
    quote = connection.dialect.identifier_preparer.quote_identifier
    quoted = f"{quote(target.schema)}.{quote(target.table)}"
    found = connection.execute(_COLUMNS, {"name": quoted}).all()
    if not found:
        hint = "have the warehouse's owner make it, or mend `load`"
        raise TargetError(f"the table {target.name}", [f"there is no such table, or this role may not see it; {hint}"])
    kinds = {str(name): str(kind) for name, kind, _, _ in found}
    problems = [
        *_of_columns(schema, kinds, {str(name) for name, *_, computed in found if computed}),
        *_of_lacking(schema.names, [str(name) for name, _, needed, _ in found if needed]),
        *_of_key(connection, target, quoted, schema.names),
        *missing_on_table(connection, quoted, _rights(target)),
    ]
    if problems:
        raise TargetError(f"the table {target.name}", problems)
    columns = tuple((quote(name), kinds[name] not in _WITHOUT_EQUALITY) for name in schema.names)
    return TargetTable(target.name, quoted, columns, tuple(map(quote, target.key)))


def _rights(target: Target) -> tuple[str, ...]:
    match target.mode:
        case "append_once":
            return ("INSERT",)
        case "upsert":
            return ("SELECT", "INSERT", "UPDATE")
        case _:
            return ("SELECT", "INSERT", "UPDATE", "DELETE")


def _of_columns(schema: pa.Schema, kinds: dict[str, str], computed: set[str]) -> list[str]:
    problems = []
    for field in schema:
        if field.name not in kinds:
            hint = "name it under `silver`, drop, or add it to the table"
            problems.append(f"it has no column {field.name}, which the rows have; {hint}")
        elif field.name in computed:
            problems.append(f"its column {field.name} is computed there; leave it out of the rows")
        if not any(fits(field.type) for fits in _PLAIN):
            problems.append(f"the column {field.name} of the rows is {field.type}; cast it to text in the query")
    return problems


def _of_lacking(names: Sequence[str], needed: Sequence[str]) -> list[str]:
    return [
        f"its column {name} takes no null and has no default, and the rows have none"
        for name in needed
        if name not in names
    ]


def _of_key(connection: Connection, target: Target, quoted: str, names: Sequence[str]) -> list[str]:
    lacking = [name for name in (*target.key, *((target.day,) if target.day else ())) if name not in names]
    if lacking:
        return [f"the rows have no column {', '.join(lacking)}, which `load` names"]
    if not target.key:
        return []
    keys = [frozenset(key) for (key,) in connection.execute(_KEYS, {"name": quoted})]
    if frozenset(target.key) in keys:
        return []
    columns = ", ".join(target.key)
    return [f"no unique constraint is on ({columns}), by which rows are found; ADD UNIQUE ({columns})"]
