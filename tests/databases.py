"""Databases of tests: an engine that may make them, and the scripts that fill them with tables."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy

if TYPE_CHECKING:
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
