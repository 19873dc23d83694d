"""Make the product's own tables (schema `pipeline`) where this role may."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import structlog

from etl_core.errors import UsageError
from jobs.running.exit_codes import ExitCode
from jobs.running.job_run import note

if TYPE_CHECKING:
    from etl_core.settings import Settings

log = structlog.get_logger()


def main(argv: list[str]) -> int:
    """Carry out what is pending of conf/sql/pipeline.sql, or of conf/sql/warehouse. Reporting is its owner's."""
    parser = argparse.ArgumentParser(prog="pipeline-processing migrate", description=__doc__)
    parser.add_argument("--warehouse", action="store_true", help="instead the citizens' warehouse, of WAREHOUSE_URL")
    arguments = parser.parse_args(argv)
    from jobs.running.database import migrate_all, open_database
    from jobs.running.wiring import start

    program = start()
    if arguments.warehouse:
        return _migrate_warehouse(program.settings)
    with open_database(program.settings, ledger=False) as database:
        done = migrate_all(database)
    note(subject="schema pipeline", outputs=done, message=f"{len(done)} migrations were carried out")
    log.info("the ledger's tables are up to date", carried_out=list(done))
    return ExitCode.OK


def _migrate_warehouse(settings: Settings) -> int:
    from pipelines.citizens.settings import CitizensSettings
    from pipelines.citizens.warehouse.connecting import connect_warehouse, make_warehouse

    address = settings[CitizensSettings].warehouse_url
    if address is None:
        raise UsageError("WAREHOUSE_URL is not set; the embedded warehouse is made by the first run of `citizens`")
    engine = connect_warehouse(address.get_secret_value())
    try:
        make_warehouse(engine)
    finally:
        engine.dispose()
    log.info("the warehouse's tables are up to date")
    return ExitCode.OK


JOB = (main, "make the ledger's tables in the database, where that is allowed")
