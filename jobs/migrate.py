"""Make the product's own tables (schema `pipeline`) where this role may."""

from __future__ import annotations

import argparse

import structlog

from jobs.running.exit_codes import ExitCode
from jobs.running.job_run import note

log = structlog.get_logger()


def main(argv: list[str]) -> int:
    """Carry out what is pending of conf/sql/pipeline.sql. The reporting tables are their owner's."""
    argparse.ArgumentParser(prog="pipeline-processing migrate", description=__doc__).parse_args(argv)
    from jobs.running.database import migrate_all, open_database
    from jobs.running.wiring import start

    program = start()
    with open_database(program.settings, ledger=False) as database:
        done = migrate_all(database)
    note(subject="schema pipeline", outputs=done, message=f"{len(done)} migrations were carried out")
    log.info("the ledger's tables are up to date", carried_out=list(done))
    return ExitCode.OK


JOB = (main, "make the ledger's tables in the database, where that is allowed")
