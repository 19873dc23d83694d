"""Which right a role lacks to make or change tables, and the statement that gives it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import inspect, text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.engine import Connection

_SELF = text("SELECT current_user, quote_ident(current_user), current_database(), quote_ident(current_database())")
_FOREIGN_OWNERS = text("""
SELECT DISTINCT quote_ident(rolname), rolsuper FROM pg_class JOIN pg_roles ON pg_roles.oid = relowner
WHERE relnamespace = CAST(:schema AS regnamespace) AND relkind = 'r' AND NOT pg_has_role(relowner, 'USAGE')
""")


def missing_to_create(connection: Connection, schema: str, script: str) -> list[str]:
    """Why this role cannot make tables in a schema, as a sentence with the grant; nothing where it can.

    `script` is the file that the owner of the database can apply instead.
    """
    role, quoted_role, database, quoted_database = connection.execute(_SELF).one()
    if inspect(connection).has_schema(schema):
        query = text("SELECT has_schema_privilege(:name, 'USAGE') AND has_schema_privilege(:name, 'CREATE')")
        allowed = connection.scalar(query, {"name": schema})
        what, where = f"create tables in schema {schema}", f"USAGE, CREATE ON SCHEMA {schema}"
    else:
        allowed = connection.scalar(text("SELECT has_database_privilege(current_database(), 'CREATE')"))
        what, where = f"create schema {schema} in database {database}", f"CREATE ON DATABASE {quoted_database}"
    if allowed:
        return []
    return [f"role {role} may not {what}; have its owner run `GRANT {where} TO {quoted_role}`, or apply {script}"]


def missing_on_table(connection: Connection, table: str, rights: Iterable[str]) -> list[str]:
    """Which of these rights on a table, `schema.name`, this role lacks, each as a sentence with the grant.

    Of a table that is not there, none: that is another sentence.
    """
    query = text("SELECT quote_ident(current_user), has_table_privilege(to_regclass(:table), :right)")
    missing = []
    for right in rights:
        quoted_role, is_there = connection.execute(query, {"table": table, "right": right}).one()
        if is_there is False:
            missing.append(f"the right {right} on {table} is missing; GRANT {right} ON {table} TO {quoted_role}")
    return missing


def to_change(connection: Connection, schema: str, script: str) -> str:
    """What to do where this role may not change tables of a schema: they may be somebody else's.

    A role that owns tables can be granted; that of a superuser should not be.
    """
    owners = connection.execute(_FOREIGN_OWNERS, {"schema": schema}).all()
    quoted_role = connection.execute(_SELF).one()[1]
    whose = f" ({', '.join(name for name, _ in owners)})" if owners else ""
    grants = "".join(f", or run `GRANT {name} TO {quoted_role}`" for name, is_superuser in owners if not is_superuser)
    return f"have the owner of the tables{whose} apply {script}{grants}"
