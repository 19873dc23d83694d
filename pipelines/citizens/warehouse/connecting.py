"""The door to the warehouse: PostgreSQL, which is what runs here, or SQL Server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import create_engine, inspect, make_url

from etl_core.errors import CatalogueError
from etl_core.postgres.database import Timeouts, connect
from etl_core.shipped_files import shipped_file
from pipelines.citizens.errors import WarehouseError

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
        WarehouseError: the package that speaks to SQL Server is not installed.
    """
    if not address.startswith("mssql"):
        return connect(address, application_name="citizens", timeouts=_TIMEOUTS)
    try:
        return create_engine(make_url(address), fast_executemany=True, hide_parameters=True)
    except ModuleNotFoundError as error:
        raise WarehouseError(
            f"WAREHOUSE_URL names SQL Server, and the package {error.name!r} is not installed"
        ) from None


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
    """Look whether the warehouse's tables are there.

    Raises:
        WarehouseError: names what is missing, and what to do.
    """
    found = inspect(engine)
    wanted = {
        "meta": ("dataset", "ingestion_log", "validation_log", "dataset_version", "unpublished_month", "etl_audit"),
        "core": ("citizen", "citizen_phone"),
        "mart": ("dim_date", "dim_location", "dim_citizen", "fact_citizen_snapshot"),
    }
    missing = [
        f"{schema}.{table}"
        for schema, tables in wanted.items()
        for table in tables
        if not found.has_table(table, schema=schema)
    ]
    if missing:
        hint = "run `pipeline-processing migrate --warehouse` as its owner"
        raise WarehouseError(f"the warehouse lacks {', '.join(missing)}; {hint}")


def _batches(script: str, dialect: str) -> list[str]:
    """The parts of a script that are sent by themselves: SQL Server's end at lines of GO."""
    if dialect != "mssql":
        return [script]
    return [part for part in script.split("\nGO\n") if part.strip()]
