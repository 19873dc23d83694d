"""What is missing of tables and columns, and which right a role lacks on them, with the statement that gives it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import inspect, text

from etl_core.errors import CatalogueError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sqlalchemy import Table
    from sqlalchemy.engine import Connection

#: What begins the part of a sentence about a right that gives it, and the script that gives all.
GRANT, ROLES = "; GRANT ", "conf/sql/roles.sql"
_SELF = text("SELECT current_user, quote_ident(current_user), current_database(), quote_ident(current_database())")
_IS_THERE = text("SELECT to_regclass(:name) IS NOT NULL")
_MAY_READ = text("SELECT name FROM unnest(:names) AS name WHERE has_table_privilege(to_regclass(name), 'SELECT')")
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
            missing.append(f"the right {right} on {table} is missing{GRANT}{right} ON {table} TO {quoted_role}")
    return missing


def missing_on_tables(connection: Connection, rights: Mapping[str, Iterable[str]]) -> list[str]:
    """As `missing_on_table`, of the rights on many tables by their names."""
    return [problem for table, wanted in rights.items() for problem in missing_on_table(connection, table, wanted)]


def missing_of_tables(connection: Connection, rights: Mapping[Table, Iterable[str]]) -> list[str]:
    """Which tables are missing, which of their columns, and which rights on them, as sentences."""
    inspector, problems = inspect(connection), list[str]()
    for table, wanted in rights.items():
        if not inspector.has_table(table.name, schema=table.schema):
            problems.append(f"table {table.fullname} is missing")
            continue
        there = {column["name"] for column in inspector.get_columns(table.name, schema=table.schema)}
        problems += [f"column {table.fullname}.{one.name} is missing" for one in table.columns if one.name not in there]
        problems += missing_on_table(connection, table.fullname, wanted)
    return problems


def has_table(connection: Connection, name: str) -> bool:
    """Whether the database has a table, `schema.name`, that this role can name."""
    return bool(connection.scalar(_IS_THERE, {"name": name}))


def may_read(connection: Connection, *names: str) -> bool:
    """Whether tables, each as `schema.name`, are there and this role may read all of them."""
    return readable(connection, names).issuperset(names)


def readable(connection: Connection, names: Iterable[str]) -> frozenset[str]:
    """Which of these tables, each as `schema.name`, are there and may be read by this role."""
    return frozenset(connection.scalars(_MAY_READ, {"names": list(names)}))


def to_change(connection: Connection, schema: str, script: str) -> str:
    """What to do where this role may not change tables of a schema: they may be somebody else's.

    A role that owns tables can be granted; that of a superuser should not be.
    """
    owners = connection.execute(_FOREIGN_OWNERS, {"schema": schema}).all()
    quoted_role = connection.execute(_SELF).one()[1]
    whose = f" ({', '.join(name for name, _ in owners)})" if owners else ""
    grants = "".join(f", or run `GRANT {name} TO {quoted_role}`" for name, is_superuser in owners if not is_superuser)
    return f"have the owner of the tables{whose} apply {script}{grants}"


def check_all(*checks: Callable[[], object]) -> None:
    """Run all checks of a database that a job makes as it starts: what it lacks is told at once, not a thing a start.

    Raises:
        CatalogueError: some of them found something; it lists what each of them did.
    """
    found = list[CatalogueError]()
    for check in checks:
        try:
            check()
        except CatalogueError as error:  # noqa: PERF203 - the others are to be run all the same
            found.append(error)
    if len(found) == 1:
        raise found[0]
    if found:
        subjects = ", ".join(dict.fromkeys(error.subject for error in found))
        raise CatalogueError(subjects, [problem for error in found for problem in error.problems])
