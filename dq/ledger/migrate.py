"""The ledger's tables: made where that is allowed, checked at every start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import inspect, select, text

from dq.ledger.tables import LEDGER, LEDGER_VERSION, SCHEMA, ledger_version
from etl_core.errors import CatalogueError
from etl_core.shipped_files import shipped_file

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine

_SUBJECT = "the ledger (schema pipeline)"
_HINT = "run `pipeline-processing migrate`, or have the owner of the database apply conf/sql/pipeline.sql"
_RIGHTS = ("SELECT", "INSERT", "UPDATE")
#: Two processes that migrate at once take turns; any fixed number serves.
_LOCK = text("SELECT pg_advisory_xact_lock(7031170001)")


def migrate(engine: Engine) -> None:
    """Make the ledger's tables, or what is missing of them; all of it or nothing.

    Raises:
        CatalogueError: this role may not, or the tables are of another form.
    """
    script = shipped_file("sql/pipeline.sql").read_text(encoding="utf-8")
    with engine.begin() as connection:
        connection.execute(_LOCK)
        if not _ledger_problems(connection):
            return
        if problems := _missing_rights_to_create(connection):
            raise CatalogueError(_SUBJECT, problems)
        connection.exec_driver_sql(script.replace("%", "%%"))
        if problems := _ledger_problems(connection):
            raise CatalogueError(_SUBJECT, problems)


def require_ledger(engine: Engine) -> None:
    """Check at start-up that the ledger is there, whole, of the known form, and may be written.

    Raises:
        CatalogueError: lists everything that is missing.
    """
    with engine.connect() as connection:
        problems = _ledger_problems(connection)
    if problems:
        raise CatalogueError(_SUBJECT, [*problems, _HINT])


def _missing_rights_to_create(connection: Connection) -> list[str]:
    """Why this role cannot apply the script; asked beforehand, so that the answer is a sentence."""
    present = inspect(connection).has_schema(SCHEMA)
    if present:
        query = text("SELECT has_schema_privilege(:name, 'USAGE, CREATE')")
        allowed = connection.scalar(query, {"name": SCHEMA})
    else:
        allowed = connection.scalar(text("SELECT has_database_privilege(current_database(), 'CREATE')"))
    if allowed:
        return []
    role, database = connection.execute(text("SELECT current_user, current_database()")).one()
    what = f"create tables in schema {SCHEMA}" if present else f"create schema {SCHEMA} in database {database}"
    return [f"role {role} may not {what}; have the owner of the database apply conf/sql/pipeline.sql"]


def _ledger_problems(connection: Connection) -> list[str]:
    inspector = inspect(connection)
    if not inspector.has_schema(SCHEMA):
        return [f"schema {SCHEMA} is missing"]
    if not connection.scalar(text("SELECT has_schema_privilege(:name, 'USAGE')"), {"name": SCHEMA}):
        return [f"the right USAGE on schema {SCHEMA} is missing"]
    problems = []
    present = set(inspector.get_table_names(schema=SCHEMA))
    for table in LEDGER:
        if table.name not in present:
            problems.append(f"table {SCHEMA}.{table.name} is missing")
            continue
        columns = {column["name"] for column in inspector.get_columns(table.name, schema=SCHEMA)}
        missing = [column.name for column in table.columns if column.name not in columns]
        problems += [f"column {SCHEMA}.{table.name}.{name} is missing" for name in missing]
        for right in _RIGHTS if table is not ledger_version else _RIGHTS[:1]:
            query = text("SELECT has_table_privilege(:name, :right)")
            if not connection.scalar(query, {"name": f"{SCHEMA}.{table.name}", "right": right}):
                problems.append(f"the right {right} on {SCHEMA}.{table.name} is missing")
    return problems or _version_problems(connection)


def _version_problems(connection: Connection) -> list[str]:
    found = connection.scalar(select(ledger_version.c.version))
    if found == LEDGER_VERSION:
        return []
    return [f"the tables have version {found}, this program works on version {LEDGER_VERSION}"]
