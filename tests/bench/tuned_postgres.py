"""An embedded Postgres with the settings a database of this size is given."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import NullPool, create_engine, make_url, text

from etl_core.postgres.embedded import EmbeddedPostgres, embedded_postgres

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: What Postgres has for a machine of this century; its own defaults are for one of the last.
_SETTINGS = ("shared_buffers = '512MB'", "work_mem = '64MB'", "max_wal_size = '4GB'", "synchronous_commit = off")


@contextmanager
def tuned_postgres(directory: Path) -> Iterator[EmbeddedPostgres]:
    """Start a server with these settings, and stop it; ours and peers have the same."""
    with embedded_postgres(directory) as server:
        address = make_url(server.dsn).set(drivername="postgresql+psycopg2")
        engine = create_engine(address, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        with engine.connect() as connection:
            for setting in _SETTINGS:
                connection.execute(text(f"ALTER SYSTEM SET {setting}"))
    with embedded_postgres(directory) as server:  # only a start brings the buffers
        yield server
