"""The door to the warehouse: PostgreSQL, which is what runs here, or SQL Server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import inspect

from etl_core.errors import CatalogueError
from etl_core.postgres.database import Timeouts, connect
from etl_core.shipped_files import shipped_file
from pipelines.citizens.errors import WarehouseError
from pipelines.citizens.warehouse.rights import RIGHTS, missing_rights
from pipelines.citizens.warehouse.sql_server import connect_sql_server

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

#: The scripts that make the warehouse, in their order.
SCRIPTS: Final = ("meta", "core", "mart", "roles")
#: A load of 600,000 rows is one statement of several seconds, on a busy machine of minutes.
_TIMEOUTS: Final = Timeouts(lock=120, statement=1800, idle_in_transaction=600)


def connect_warehouse(address: str) -> Engine:
    """An engine on the warehouse.

    Args:
        address: as SQLAlchemy writes it.

    Raises:
        SettingsError: the address cannot be used.
        DatabaseUnavailableError: no answer.
    """
    if address.startswith("mssql"):
        return connect_sql_server(address)
    return connect(address, application_name="citizens", timeouts=_TIMEOUTS, setting="WAREHOUSE_URL")


def make_warehouse(engine: Engine) -> None:
    """Apply the scripts of the warehouse, as its owner; applying them again changes nothing.

    Raises:
        WarehouseError: this role may not.
    """
    dialect = engine.dialect.name
    for name in SCRIPTS:
        script = shipped_file(f"sql/warehouse/{dialect}/{name}.sql").read_text(encoding="utf-8")
        try:
            with engine.begin() as connection:
                for batch in _batches(script, dialect):
                    connection.exec_driver_sql(batch.replace("%", "%%"))
        except CatalogueError as error:
            hint = f"have the warehouse's owner apply conf/sql/warehouse/{dialect}/{name}.sql"
            raise WarehouseError(f"{name}.sql cannot be applied: {error}; {hint}") from error


def require_warehouse(engine: Engine) -> None:
    """Look whether the warehouse's tables are there, and the rights on them.

    Raises:
        CatalogueError: names all that is missing, and what to do.
    """
    found = inspect(engine)
    missing = [table for table in RIGHTS if not found.has_table(table.partition(".")[2], table.partition(".")[0])]
    if missing:
        hint = "run `pipeline-processing migrate --warehouse` as its owner"
        raise CatalogueError("the warehouse", [f"lacks {', '.join(missing)}; {hint}"])
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            lacking = missing_rights(connection)
        if lacking:
            raise CatalogueError("the warehouse", lacking)


def _batches(script: str, dialect: str) -> list[str]:
    """The parts of a script that are sent by themselves: SQL Server's end at lines of GO."""
    if dialect != "mssql":
        return [script]
    return [part for part in script.split("\nGO\n") if part.strip()]
