"""Databases of tests: an engine that may make them, and the scripts that fill them with tables."""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy

from etl_core.postgres.database import connect
from etl_core.shipped_files import shipped_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Engine

#: Reporting tables as other owners have them.
VARIANTS = Path(__file__).parent / "reporting" / "variants"


def admin_engine(url: str) -> Engine:
    """An engine whose statements commit at once, as making a database wants it."""
    address = sqlalchemy.make_url(url).set(drivername="postgresql+psycopg2")
    return sqlalchemy.create_engine(address, isolation_level="AUTOCOMMIT", poolclass=sqlalchemy.NullPool)


def apply(url: str, script: Path) -> str:
    """Run a script of SQL in a database, whose address it gives back."""
    admin = admin_engine(url)
    with admin.connect() as connection:
        connection.exec_driver_sql(script.read_text(encoding="utf-8").replace("%", "%%"))
    admin.dispose()
    return url


@contextmanager
def login(owner: Engine, role: str) -> Iterator[Engine]:
    """A user of the database with the rights of a role of `conf/sql/roles.sql` and no others."""
    name = f"login_{uuid.uuid4().hex[:12]}"
    script = shipped_file("sql/roles.sql").read_text(encoding="utf-8")
    with owner.begin() as connection:
        connection.exec_driver_sql(script.replace("%", "%%"))
        connection.exec_driver_sql(f"CREATE ROLE {name} LOGIN PASSWORD 'secret' IN ROLE {role}")
    made = connect(owner.url.set(username=name, password="secret").render_as_string(hide_password=False))
    yield made
    made.dispose()
    with owner.begin() as connection:
        connection.exec_driver_sql(f"DROP OWNED BY {name}; DROP ROLE {name}")
