"""Make the ledger's tables (schema `pipeline`) where this role may."""

from __future__ import annotations

import argparse

import structlog

from jobs.running.exit_codes import ExitCode

log = structlog.get_logger()


def main(argv: list[str]) -> int:
    """Apply conf/sql/pipeline.sql; running it again changes nothing. The reporting tables are their owner's."""
    argparse.ArgumentParser(prog="pipeline-processing migrate", description=__doc__).parse_args(argv)
    from dq.ledger.migrate import migrate
    from jobs.running.wiring import open_database, start

    program = start()
    with open_database(program.settings, ledger=False) as database:
        migrate(database)
    log.info("the ledger's tables are up to date")
    return ExitCode.OK


JOB = (main, "make the ledger's tables in the database, where that is allowed")
