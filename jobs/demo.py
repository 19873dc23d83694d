"""The whole thing on this machine: a local S3 and queue, an embedded Postgres, sample files, verdicts, the lake.

Nothing of the environment but READER and LOG_LEVEL has a say, so no shared database can be touched.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
from pydantic import SecretStr
from rich.table import Table

from etl_core.settings import declared_fields
from jobs.console.terminal import cell, stdout
from jobs.console.verdict_table import score_cell
from jobs.playground.sample_files import AGENCY, DEFINITIONS, SAMPLES
from jobs.running.settings import ROOMS, read_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Engine

    from dq.reporting.readback import VerdictRow
    from etl_core.postgres.embedded import EmbeddedPostgres
    from etl_core.settings import Settings
    from jobs.playground.local_services import LocalServices

log = structlog.get_logger()

BUCKET = "demo-landing"
QUEUE = "demo-announcements"

#: Adds a file with its definition, unless an earlier demo did.
_CONFIGURE = """
WITH defined AS (
    INSERT INTO reporting.monitoring_file_schema_definition (name, definition)
    SELECT 'demo ' || :file, CAST(:definition AS jsonb)
    WHERE CAST(:definition AS jsonb) IS NOT NULL
      AND NOT EXISTS (SELECT FROM reporting.monitoring_file WHERE agency_slug = :agency AND file_name = :file)
    RETURNING id
)
INSERT INTO reporting.monitoring_file (agency_slug, file_name, schema_definition_id)
SELECT :agency, :file, (SELECT id FROM defined)
ON CONFLICT (agency_slug, file_name) DO NOTHING
"""


def main(argv: list[str]) -> int:
    """Run the demo; with --keep the servers stay up until Ctrl-C."""
    arguments = _parser().parse_args(argv)
    if arguments.citizens:
        return _play_citizens()
    if arguments.records:
        return _play_records()
    if arguments.etl:
        return _play_etl()
    if arguments.agencies:
        return _play_agencies()
    if arguments.api:
        return _play_api()
    from jobs.lake import to_silver
    from jobs.playground.local_services import local_services
    from jobs.running.database import embedded_database, make_all_tables, open_database
    from jobs.running.stopping import StopRequest
    from jobs.running.wiring import start
    from jobs.watch_files import drain_once

    with local_services(BUCKET, QUEUE) as services, embedded_database() as server:
        program = start(demo_settings(services, server))
        log.info("the demo's own Postgres is up", directory=str(server.directory))
        with open_database(program.settings, ledger=False) as database:
            make_all_tables(database)
            _configure(database)
        log.info("uploading sample files; the bucket announces each to the queue", files=len(SAMPLES), bucket=BUCKET)
        for sample in SAMPLES:
            services.upload(sample.key, sample.make(random.Random(sample.key)))  # noqa: S311 - the same files each time
        code = drain_once(program)
        with open_database(program.settings) as database:
            states = _states(database)
            _show(database, states)
            _write_pages(database)
        # The sample that nobody configured is left over on purpose.
        code = code if states.keys() - {"done", "unconfigured"} else 0
        stdout().print(cell("\nTheir rows, lifted to silver and quarantine unless the verdict failed:"))
        code = to_silver.main([], program) or code
        _say_how_to_query(program.settings)
        _say_how_to_go_on(server, services, keep=arguments.keep)
        if arguments.keep:
            with StopRequest() as stop:
                while not stop.wait(1):
                    pass
    return code


def _play_citizens() -> int:
    """Play the months in a warehouse of their own, which the next demo makes anew."""
    import uuid

    from jobs.playground.citizens_demo import DATABASE, play
    from jobs.running.database import embedded_database
    from jobs.running.wiring import start
    from pipelines.citizens.settings import CitizensSettings

    start(read_settings(**_defaults()))
    with tempfile.TemporaryDirectory(prefix="citizens-") as root, embedded_database() as server:
        address = fresh_database(server.dsn, DATABASE)
        return play(CitizensSettings(warehouse_url=SecretStr(address), citizens_root=root), uuid.uuid4().hex)


def _play_records() -> int:
    """Play a stream of records with a broker, a database and a lake of its own, which the next demo makes anew."""
    from jobs.playground.local_broker import local_broker
    from jobs.playground.records_demo import play
    from jobs.records.doors import require_client
    from jobs.running.database import embedded_database, make_all_tables, open_database
    from jobs.running.wiring import start

    require_client()
    chosen = _defaults()
    with (
        tempfile.TemporaryDirectory(prefix="records-") as root,
        embedded_database() as server,
        local_broker(Path(root) / "broker") as broker,
    ):
        chosen |= {
            "database_url": SecretStr(fresh_database(server.dsn, "demo_records")),
            "kafka_bootstrap_servers": broker.address,
            "lake_root": f"{root}/lake",
            "auto_create_files": True,
        }
        program = start(read_settings(**chosen))
        with open_database(program.settings, ledger=False) as database:
            make_all_tables(database)
            return play(program, database)


def _play_etl() -> int:
    """Play three days of a shop in databases of their own, which the next demo makes anew."""
    from jobs.playground.etl_demo import play
    from jobs.running.database import embedded_database
    from jobs.running.wiring import start

    with tempfile.TemporaryDirectory(prefix="etl-") as root, embedded_database() as server:
        addresses = {
            setting: SecretStr(fresh_database(server.dsn, f"demo_etl_{name}"))
            for setting, name in (
                ("database_url", "ledger"),
                ("source_database_url", "source"),
                ("warehouse_url", "warehouse"),
            )
        }
        return play(start(read_settings(**{**_defaults(), **addresses, "etl_root": root})))


def _play_agencies() -> int:
    """Play an agency's documents with buckets and a database of its own, which the next demo makes anew."""
    from jobs.playground.agencies_demo import play
    from jobs.playground.local_services import local_services
    from jobs.running.database import embedded_database
    from jobs.running.wiring import start

    with local_services(BUCKET, QUEUE) as services, embedded_database() as server:
        address = SecretStr(fresh_database(server.dsn, "demo_agencies"))
        return play(start(demo_settings(services, server, database_url=address)), services)


def _play_api() -> int:
    """Play an application with a bucket, a database and a lake of its own, which the next demo makes anew."""
    from jobs.playground.api_demo import VARIABLES, play
    from jobs.playground.local_services import local_services
    from jobs.running.database import embedded_database, make_all_tables, open_database
    from jobs.running.wiring import start

    with (
        tempfile.TemporaryDirectory(prefix="api-") as root,
        local_services(BUCKET, QUEUE) as services,
        embedded_database() as server,
    ):
        settings = demo_settings(
            services,
            server,
            database_url=SecretStr(fresh_database(server.dsn, "demo_api")),
            poll_queue_url=None,  # what lands is announced by who lands it
            landing_bucket=BUCKET,
            api_sources=root,
            lake_root=f"{root}/lake",
        )
        os.environ.update(VARIABLES)
        program = start(settings)
        with open_database(program.settings, ledger=False) as database:
            make_all_tables(database)
            return play(program, database, Path(root))


def _defaults(*free: str) -> dict[str, Any]:
    """Give the defaults of all settings but LOG_LEVEL and those that stay free: the environment has no say in them."""
    left_out = {"log_level", *free}
    return {name: one.default for name, one in declared_fields(ROOMS).items() if name not in left_out}


def fresh_database(dsn: str, name: str) -> str:
    """Make a database anew on the demo's own server; its address."""
    from sqlalchemy import NullPool, create_engine, make_url, text

    url = make_url(dsn)
    engine = create_engine(url.set(drivername="postgresql+psycopg2"), isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        connection.execute(text(f"CREATE DATABASE {name}"))
    return url.set(database=name).render_as_string(hide_password=False)


def demo_settings(services: LocalServices, server: EmbeddedPostgres, **others: object) -> Settings:
    """Settings that point at the local services, with others; all else but READER and LOG_LEVEL has its default."""
    chosen = _defaults("reader")
    chosen |= {
        "database_url": SecretStr(server.dsn),
        "s3_endpoint": services.endpoint,
        "s3_region": services.region,
        "s3_access_key": SecretStr(services.access_key),
        "s3_secret_key": SecretStr(services.secret_key),
        "sqs_endpoint": services.endpoint,
        "poll_queue_url": services.queue_url,
        "allowed_buckets": (BUCKET,),
        "run_window": "key",  # all files are uploaded now, and shall still make several runs
        **others,
    }
    return read_settings(**chosen)


def _configure(database: Engine) -> None:
    """What the web application would have in the tables: the files of one agency, and what a good one looks like."""
    from sqlalchemy import text

    with database.begin() as connection:
        for name in sorted({sample.file for sample in SAMPLES if sample.configured}):
            definition = json.dumps(DEFINITIONS[name]) if name in DEFINITIONS else None
            connection.execute(text(_CONFIGURE), {"agency": AGENCY, "file": name, "definition": definition})


def _states(database: Engine) -> dict[str, int]:
    """How many announced objects are in which state, of the states that occur."""
    from dq.ledger.inspection import inbox_status
    from etl_core.postgres.clock import DatabaseClock

    return {state: count for state, count in inbox_status(database, DatabaseClock(database)()).states.items() if count}


def _show(database: Engine, states: dict[str, int]) -> None:
    from dq.reporting.catalogue.catalogue import read_catalogue
    from dq.reporting.readback import read_verdicts

    console = stdout()
    console.print(_table(read_verdicts(database, read_catalogue(database), agency_slug=AGENCY)))
    counts = ", ".join(f"{count} {state}" for state, count in states.items())
    console.print(cell(f"Every announced object is accounted for: {counts}."))


def _write_pages(database: Engine) -> None:
    from jobs.reporting.report import write_agency
    from jobs.running.database import DATA_DIRECTORY

    folder = DATA_DIRECTORY / "reports"
    folder.mkdir(parents=True, exist_ok=True)
    index, *_ = write_agency(database, AGENCY, folder)
    stdout().print(cell(f"The same as pages, for a browser: {index}"))


def _table(verdicts: Sequence[VerdictRow]) -> Table:
    table = Table("file", "run", "score", "why", header_style="bold", title="Verdicts", show_lines=True)
    for one in sorted(verdicts, key=lambda row: (row.file_name, row.run_date, row.run_hour)):
        run = f"{one.run_date} {one.run_hour:02}h"
        table.add_row(
            cell(one.file_name), run, score_cell(one.score, one.passed), cell(one.message or "nothing failed")
        )
    return table


def _say_how_to_query(settings: Settings) -> None:
    from jobs.lake.how_to_read import in_duckdb, in_pyspark
    from pipelines.lake.files.table_folder import lake_table
    from pipelines.lake.settings import LakeSettings

    root = settings[LakeSettings].lake_root
    silver, quarantine = (lake_table(root, layer, "trips") for layer in ("silver", "quarantine"))
    by_payment = "SELECT payment, count(*), round(avg(fare), 2) AS fare"
    findings = f"(SELECT unnest(_findings) AS found {in_duckdb(quarantine)})"
    why = f"SELECT found.message, count(*) AS rows FROM {findings} GROUP BY ALL ORDER BY rows DESC"  # noqa: S608 - shown
    lines = [
        "",
        "To query the tables, in .venv/bin/python:",
        "  from etl_core.spark.profiles import TABLES; from etl_core.spark.session import build_session",
        "  spark = build_session(profile=TABLES)",
        f"  {in_pyspark(silver)}.groupBy('payment').avg('fare').show()",
        f'  import duckdb; duckdb.sql("{by_payment} {in_duckdb(silver)} GROUP BY ALL").show()',
        f'  duckdb.sql("{why}").show()',
    ]
    console = stdout()
    for line in lines:
        console.print(cell(line), soft_wrap=True)


def _say_how_to_go_on(server: EmbeddedPostgres, services: LocalServices, *, keep: bool) -> None:
    look = "SELECT * FROM reporting.monitoring_file_failed_validation"
    jobs = ("inbox list --all", "inbox list", "lake list", "lake quarantine trips")
    lines = ["", "To look further:", *(f"  pipeline-processing {job}" for job in jobs)]
    if keep:
        lines += [
            f'  {server.psql} -c "{look}"',
            f"  S3 and SQS: {services.endpoint} (bucket {BUCKET}, keys {services.access_key} / {services.secret_key})",
            "The servers stay up until Ctrl-C.",
        ]
    else:
        lines += [
            f'  with `demo --keep` in another terminal: {server.psql} -c "{look}"',
            "`make demo ARGS=--keep` leaves the servers up for playing.",
        ]
    console = stdout()
    for line in lines:
        console.print(cell(line), soft_wrap=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pipeline-processing demo", description=__doc__)
    parser.add_argument("--citizens", action="store_true", help="instead three months of citizens' workbooks")
    parser.add_argument("--records", action="store_true", help="instead a stream of records through a local Kafka")
    parser.add_argument("--etl", action="store_true", help="instead three days of a shop, read, checked and loaded")
    parser.add_argument("--agencies", action="store_true", help="instead an agency's documents, copied and judged")
    parser.add_argument("--api", action="store_true", help="instead the employees of an application, read over HTTP")
    parser.add_argument("--keep", action="store_true", help="leave the servers up until Ctrl-C")
    return parser


JOB = (main, "the whole thing on this machine, with sample files")
