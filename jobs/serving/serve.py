"""Answer requests: take announcements that come by HTTP, show files, runs, objects and the lake, until stopped."""

from __future__ import annotations

import argparse
import gc
from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

import structlog

from dq.batch.settings import EVERY_BUCKET, BatchSettings
from dq.ledger.settings import LedgerSettings
from etl_core.errors import CatalogueError, SettingsError, UsageError
from etl_core.postgres.settings import PostgresSettings
from jobs.running.exit_codes import ExitCode
from jobs.running.job_run import note
from service.settings import ServeSettings, is_loopback

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy.engine import Engine

    from etl_core.settings import Settings
    from service.doors import Access, ServiceDoors

log = structlog.get_logger()

#: Tables of ours that pages and answers are made of.
_READ: Final = ("pipeline.object_inbox", "pipeline.audit", "pipeline.silver_load", "pipeline.alert")
_LAST_PORT: Final = 65535


def main(argv: list[str]) -> int:
    """Serve until a signal asks to end."""
    arguments = _parser().parse_args(argv)
    try:
        from service.app import make_app
        from service.server import listen, make_server
    except ModuleNotFoundError as error:
        raise UsageError(f"{error.name} is not installed; `pip install pipeline-processing[serve]`") from error
    from jobs.running.wiring import start

    program = start()
    serve = program.settings[ServeSettings]
    host, port = arguments.host or serve.serve_host, serve.serve_port if arguments.port is None else arguments.port
    access = access_of(serve, host)
    note(subject=f"{host}:{port}")
    with open_service_doors(program.settings, access) as doors, listen(host, port) as listening:
        port = listening.getsockname()[1]
        note(subject=f"{host}:{port}")
        log.info("serving", host=host, port=port, token=access.token is not None)
        server = make_server(make_app(doors), proxies=serve.serve_proxies)
        gc.collect()
        gc.freeze()  # what was loaded stays: it need not be looked through again and again
        server.run([listening])
    log.info("stopped serving")
    return ExitCode.OK


def access_of(serve: ServeSettings, host: str) -> Access:
    """Who may ask at this address.

    Raises:
        SettingsError: others reach the address, and nobody said who they have to be.
    """
    from service.doors import Access

    here = is_loopback(host)
    token = None if serve.serve_token is None or serve.serve_auth == "none" else serve.serve_token.get_secret_value()
    if token is None and not here and serve.serve_auth != "none":
        problem = (
            f"SERVE_HOST: {host} is reached from other machines, and nobody has to prove who they are; set SERVE_TOKEN,"
            " or SERVE_AUTH=none where a proxy before it asks"
        )
        raise SettingsError("settings", [problem])
    local_only = here and token is None and serve.serve_auth != "none"
    return Access(token, local_only, serve.serve_cors_origins, serve.serve_requests_per_second)


@contextmanager
def open_service_doors(settings: Settings, access: Access) -> Iterator[ServiceDoors]:
    """The database twice, to write what comes in and to read the rest; the other doors of the service.

    Raises:
        CatalogueError: lists what the database lacks.
        SettingsError, DatabaseUnavailableError: it cannot be reached.
    """
    from dq.ledger.inbox import Inbox
    from dq.reporting.catalogue.catalogue import read_catalogue
    from etl_core.postgres.clock import DatabaseClock, seconds_passed
    from jobs.running.database import open_database
    from service.doors import Incoming, ServiceDoors
    from service.incoming.fetching import fetch
    from service.metrics import ServiceMetrics

    serve, batch = settings[ServeSettings], settings[BatchSettings]
    secret = serve.eventbridge_secret
    with open_database(settings) as database, _reader(settings, database) as reader:
        catalogue = read_catalogue(database)
        _require_reading(reader, [f"reporting.{name}" for name in catalogue.tables])
        yield ServiceDoors(
            inbox=Inbox(database, max_attempts=settings[LedgerSettings].max_attempts),
            reader=reader,
            catalogue=catalogue,
            clock=DatabaseClock(database),
            access=access,
            incoming=Incoming(
                allowed_buckets=frozenset(batch.allowed_buckets) - {EVERY_BUCKET},
                topics=frozenset(serve.sns_topics),
                eventbridge_secret=None if secret is None else secret.get_secret_value(),
                fetch=fetch,
            ),
            metrics=ServiceMetrics(),
            version=version("pipeline-processing"),
            seconds=seconds_passed,
        )


@contextmanager
def _reader(settings: Settings, database: Engine) -> Iterator[Engine]:
    """What only reads: as READER_DATABASE_URL says, else as the jobs sign in; in sessions that may not write."""
    from etl_core.postgres.database import Timeouts, connect

    given, own = settings[ServeSettings].reader_database_url, settings[PostgresSettings].database_url
    address = given or own
    dsn = database.url.render_as_string(hide_password=False) if address is None else address.get_secret_value()
    name = "DATABASE_URL" if given is None else "READER_DATABASE_URL"
    waits = Timeouts(connect=5, lock=5, statement=10, pool=10)
    reader = connect(dsn, application_name="pipeline-processing serve", timeouts=waits, setting=name, read_only=True)
    try:
        yield reader
    finally:
        reader.dispose()


def _require_reading(reader: Engine, tables: Sequence[str]) -> None:
    """Raise `CatalogueError` where who only reads may not read."""
    from sqlalchemy import text

    from etl_core.postgres.rights import missing_on_tables

    asked = text(
        "SELECT schema FROM unnest(ARRAY['reporting', 'pipeline']) AS schema"
        " WHERE NOT has_schema_privilege(schema, 'USAGE')"
    )
    with reader.connect() as connection:
        problems = [f"the right USAGE on schema {schema} is missing" for schema in connection.scalars(asked)]
        if not problems:  # tables are not found without
            problems = missing_on_tables(connection, dict.fromkeys((*tables, *_READ), ("SELECT",)))
    if problems:
        raise CatalogueError("what the service reads", [*problems, "conf/sql/roles.sql grants it to pipeline_reader"])


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 <= int(text[:6]) <= _LAST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is no port; expected a whole number from 0 to {_LAST_PORT}")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pipeline-processing serve", description=__doc__)
    parser.add_argument("--host", metavar="ADDRESS", help="listen at this address instead of SERVE_HOST")
    parser.add_argument("--port", metavar="PORT", type=_port, help="listen at this port instead of SERVE_PORT")
    return parser


JOB = (main, "answer requests: a trigger, hooks, JSON and pages of verdicts")
