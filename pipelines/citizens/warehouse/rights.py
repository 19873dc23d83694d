"""What the service account may do, as far as PostgreSQL says it before the first statement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.engine import Connection

_ALL: Final = ("SELECT", "INSERT", "UPDATE", "DELETE")
#: What the steps do with each table; `conf/sql/warehouse/postgresql/roles.sql` grants it.
RIGHTS: Final[Mapping[str, tuple[str, ...]]] = {
    "meta.dataset": ("SELECT", "UPDATE"),
    "meta.ingestion_log": ("SELECT", "INSERT"),
    "meta.validation_log": ("SELECT", "INSERT"),
    "meta.dataset_version": ("SELECT", "INSERT", "UPDATE"),
    "meta.unpublished_month": ("SELECT", "INSERT", "DELETE"),
    "meta.etl_audit": ("SELECT", "INSERT"),
    "meta.lineage_told": ("SELECT", "INSERT"),
    **{
        f"core.{dataset}{table}": rights
        for dataset in ("citizen", "citizen_phone")
        for table, rights in {
            "": _ALL,
            "_key": ("SELECT", "INSERT"),
            "_value": ("SELECT", "INSERT", "DELETE"),
            "_claim": ("SELECT", "INSERT", "DELETE"),
        }.items()
    },
    "mart.dim_date": ("SELECT", "INSERT"),
    "mart.dim_location": ("SELECT", "INSERT"),
    "mart.dim_citizen": _ALL,
    "mart.fact_citizen_snapshot": ("SELECT", "INSERT", "DELETE"),
}
_ROLE = text("SELECT quote_ident(current_user), quote_ident(current_database())")
_SCHEMA = text("SELECT has_schema_privilege(:name, 'USAGE')")
_TABLE = text("SELECT has_table_privilege(:name, :right)")
_TEMPORARY = text("SELECT has_database_privilege(current_database(), 'TEMPORARY')")


def missing_rights(connection: Connection) -> list[str]:
    """Which rights the role of this connection lacks, each with the statement that gives it; all tables are there."""
    role, database = connection.execute(_ROLE).one()
    schemas = dict.fromkeys(table.partition(".")[0] for table in RIGHTS)
    closed = [schema for schema in schemas if not connection.scalar(_SCHEMA, {"name": schema})]
    missing = [_sentence("USAGE", f"SCHEMA {schema}", role) for schema in closed]
    for table, rights in RIGHTS.items():
        if table.partition(".")[0] not in closed:  # nobody may ask about tables in there
            lacking = [right for right in rights if not connection.scalar(_TABLE, {"name": table, "right": right})]
            missing += [_sentence(right, table, role) for right in lacking]
    if not connection.scalar(_TEMPORARY):
        missing.append(_sentence("TEMPORARY", f"DATABASE {database}", role))
    return missing


def _sentence(right: str, what: str, role: str) -> str:
    return f"{role} lacks the right {right} on {what}; have its owner run GRANT {right} ON {what} TO {role}"
