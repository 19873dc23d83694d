"""The database of a job: the one that is named, else an embedded one where it does."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import structlog

from dq.engine.settings import EngineSettings
from etl_core.errors import SettingsError
from etl_core.postgres.settings import PostgresSettings
from etl_core.queue.settings import QueueSettings
from jobs.running.job_run import current_run

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import sqlalchemy

    from etl_core.postgres.embedded import EmbeddedPostgres
    from etl_core.settings import Settings

log = structlog.get_logger()

#: What our image sets, and Kubernetes in every pod.
_CONTAINER_MARKS = frozenset({"PIPELINE_IMAGE", "KUBERNETES_SERVICE_HOST"})
#: Where the embedded database and the rest of a machine's own data are, under the working directory.
DATA_DIRECTORY = Path(".data")


@contextmanager
def open_database(
    settings: Settings,
    *,
    ledger: bool = True,
    only_reads: bool = False,
    also: Callable[[sqlalchemy.Engine], object] | None = None,
) -> Iterator[sqlalchemy.Engine]:
    """The database of DATABASE_URL, else the embedded one with all tables made.

    In a job that is running it stays open until the job has ended and its line of the audit is written.

    Args:
        settings: which database.
        ledger: check that the ledger's tables are there.
        only_reads: sign in for looking alone: the rights of a reader will do, and the run leaves no line of the audit.
        also: checks what else the job needs, so that all that is missing is told at once.

    Raises:
        SettingsError, DatabaseUnavailableError: it cannot be reached.
        CatalogueError: lists what is missing of the ledger, and of what `also` checks.
    """
    with ExitStack() as own:
        run = current_run()
        opened = _database(settings, ledger=ledger, only_reads=only_reads, also=also)
        engine = (own.enter_context if run is None else run.hold)(opened)
        if run is not None and not only_reads:
            run.database = engine
        yield engine


@contextmanager
def _database(
    settings: Settings, *, ledger: bool, only_reads: bool, also: Callable[[sqlalchemy.Engine], object] | None
) -> Iterator[sqlalchemy.Engine]:
    from dq.ledger.migrate import LEDGER
    from etl_core.audit.table import AUDIT
    from etl_core.postgres.database import connect
    from etl_core.postgres.migrations import require
    from etl_core.postgres.rights import check_all

    with ExitStack() as own:
        address = settings[PostgresSettings].database_url
        if address is None:
            refuse_embedded(settings, os.environ)
            server = own.enter_context(embedded_database())
            log.warning(server.notice)
            dsn = server.dsn
        else:
            dsn = address.get_secret_value()
        engine = connect(dsn, read_only=only_reads and address is not None)
        own.callback(engine.dispose)
        checks = list[Callable[[], object]]()
        if address is None:
            make_all_tables(engine)
        elif only_reads or ledger:
            checks.append(partial(require, engine, LEDGER, AUDIT, only_reads=only_reads))
        if also is not None:
            checks.append(partial(also, engine))
        check_all(*checks)
        yield engine


def database_at_hand(settings: Settings) -> sqlalchemy.Engine | None:
    """The database this job has open, else that of DATABASE_URL, open until the job has ended; None without either."""
    from etl_core.postgres.database import connect

    run, address = current_run(), settings[PostgresSettings].database_url
    if run is not None and run.database is not None:
        return run.database
    if address is None:
        return None
    engine = connect(address.get_secret_value())
    return engine if run is None else run.hold(_disposed(engine))


@contextmanager
def _disposed(engine: sqlalchemy.Engine) -> Iterator[sqlalchemy.Engine]:
    """An engine whose connections are closed at the end."""
    try:
        yield engine
    finally:
        engine.dispose()


def refuse_embedded(settings: Settings, environment: Mapping[str, str]) -> None:
    """Refuse to keep the account of a real landing zone in a database that is there to try things out.

    Args:
        settings: of the job.
        environment: variables of the process, in which containers are told.

    Raises:
        SettingsError: announcements come from a queue of elsewhere, Spark runs elsewhere, or this is a container, with
            which the database would go.
    """
    queue, master = settings[QueueSettings], settings[EngineSettings].spark_master
    reasons = []
    if queue.poll_queue_url is not None and not _is_here(queue.poll_queue_url):
        reasons.append("POLL_QUEUE_URL names a queue of elsewhere")
    if master is not None and not master.startswith("local"):
        reasons.append("SPARK_MASTER names a cluster")
    if _CONTAINER_MARKS & environment.keys():
        reasons.append("this is a container, and the database would go with it")
    if reasons:
        problem = f"DATABASE_URL: is not set, and {', '.join(reasons)}; set it, an embedded database does not do there"
        raise SettingsError("settings", [problem])


def _is_here(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return host == "localhost" or host.endswith(".localhost") or host.startswith("127.") or host == "::1"


@contextmanager
def embedded_database(*, keep_running: bool = False) -> Iterator[EmbeddedPostgres]:
    """The embedded server under the working directory; in a job that is running it stays up until the job's end."""
    from etl_core.postgres.embedded import embedded_postgres

    with ExitStack() as own:
        run = current_run()
        opened = embedded_postgres(DATA_DIRECTORY / "postgres", keep_running=keep_running)
        yield (own.enter_context if run is None else run.hold)(opened)


def make_all_tables(engine: sqlalchemy.Engine) -> None:
    """Apply the shipped reporting tables, and the product's own; done to the embedded database only."""
    from etl_core.shipped_files import shipped_file

    script = shipped_file("sql/reporting.sql").read_text(encoding="utf-8")
    with engine.begin() as connection:
        connection.exec_driver_sql(script.replace("%", "%%"))
    migrate_all(engine)


def migrate_all(engine: sqlalchemy.Engine) -> tuple[str, ...]:
    """Bring all of the product's own tables to the form this code works on; the steps that took.

    Raises:
        CatalogueError: this role may not, or the database is newer than this code.
    """
    from dq.ledger.aging.tables import RETENTION
    from dq.ledger.migrate import LEDGER
    from dq.streams.tables import STREAMS
    from etl_core.audit.table import AUDIT
    from etl_core.postgres.migrations import migrate
    from operations.alerts.tables import ALERTS
    from operations.arrivals.tables import ARRIVALS
    from operations.lineage.telling.tables import LINEAGE
    from operations.observations.tables import OBSERVATIONS
    from pipelines.agencies.ledger.tables import DOCUMENTS
    from pipelines.api_ingestion.account.tables import API
    from pipelines.etl.ledger.tables import ETL

    return migrate(
        engine, LEDGER, AUDIT, STREAMS, ETL, DOCUMENTS, API, ARRIVALS, OBSERVATIONS, RETENTION, ALERTS, LINEAGE
    )
