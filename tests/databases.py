"""Databases of tests: an engine that may make them, and the scripts that fill them with tables."""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy

from dq.ledger.migrate import migrate
from etl_core.postgres.database import connect
from etl_core.shipped_files import shipped_file
from jobs.running.database import migrate_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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


class Databases:
    """Makes databases on the server at `url`: empty ones, and copies of one that was filled once."""

    def __init__(self, url: str) -> None:
        self._server = sqlalchemy.make_url(url)
        self._admin = admin_engine(url)
        self._filled: dict[object, str] = {}

    def make(self, *filled_by: Callable[[str], object]) -> str:
        """A database's address: without any table, or as these, called with an address one after the other, leave it.

        They are called for the first such database only; a copy takes a fraction of what scripts take.
        """
        if not filled_by:
            return self._address(self._create())
        if filled_by not in self._filled:
            first = self._create()
            for fill in filled_by:
                fill(self._address(first))
            self._filled[filled_by] = first
        return self._address(self._create(f"TEMPLATE {self._filled[filled_by]} STRATEGY = FILE_COPY"))

    def drop(self, url: str) -> None:
        """Drop the database at this address, whoever is connected to it."""
        with self._admin.connect() as connection:
            connection.execute(sqlalchemy.text(f"DROP DATABASE {sqlalchemy.make_url(url).database} WITH (FORCE)"))

    def close(self) -> None:
        """Drop what copies were made of."""
        for name in self._filled.values():
            self.drop(self._address(name))

    def _create(self, how: str = "") -> str:
        name = f"test_{uuid.uuid4().hex}"
        with self._admin.connect() as connection:
            connection.execute(sqlalchemy.text(f"CREATE DATABASE {name} {how}"))
        return name

    def _address(self, name: str) -> str:
        return self._server.set(database=name).render_as_string(hide_password=False)


def with_ledger(url: str) -> None:
    """Make the ledger's tables."""
    engine = connect(url)
    migrate(engine)
    engine.dispose()


def with_all_tables(url: str) -> None:
    """Make all tables of ours that are not there."""
    engine = connect(url)
    migrate_all(engine)
    engine.dispose()


def with_full_reporting(url: str) -> None:
    """Make the full reporting tables, as `conf/sql/reporting.sql` does."""
    apply(url, shipped_file("sql/reporting.sql"))


def with_web_application(url: str) -> None:
    """Make the tables of a web framework: no defaults, no uniqueness, no optional columns."""
    apply(url, VARIANTS / "web_application.sql")


def with_in_between(url: str) -> None:
    """Make tables with some optional columns, narrow types, uuid keys."""
    apply(url, VARIANTS / "in_between.sql")


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
