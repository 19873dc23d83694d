"""The real doors of a source, built from the settings: the application, the account, the landing bucket."""

from __future__ import annotations

import random
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from dq.batch.settings import BatchSettings
from etl_core.errors import SettingsError, UsageError
from etl_core.log.set_up import configure_logging
from etl_core.log.settings import LogSettings
from etl_core.settings import named_values
from etl_core.shipped_files import shipped_file
from jobs.running.job_run import current_account, current_run
from pipelines.api_ingestion.settings import ApiSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection, Engine

    from etl_core.objects.store import ObjectHead
    from etl_core.settings import Settings
    from jobs.running.stopping import StopRequest
    from pipelines.api_ingestion.doors import ApiDoors
    from pipelines.api_ingestion.metrics import ApiMetrics
    from pipelines.api_ingestion.source.api_source import ApiSource


def sources_folder(settings: Settings) -> Path:
    """The folder of the sources' files.

    Raises:
        UsageError: there is none where API_SOURCES says.
    """
    folder = settings[ApiSettings].api_sources
    if folder is not None and not Path(folder).is_dir():
        raise UsageError(f"API_SOURCES: there is no folder {folder}")
    return shipped_file("api_sources") if folder is None else Path(folder)


@contextmanager
def open_account_database(settings: Settings) -> Iterator[Engine]:
    """The database, with the account of application APIs.

    Raises:
        SettingsError, DatabaseUnavailableError: it cannot be reached.
        CatalogueError: tables are missing.
    """
    from etl_core.postgres.migrations import require
    from jobs.running.database import open_database
    from pipelines.api_ingestion.account.tables import API

    with open_database(settings) as database:
        require(database, API)
        yield database


@contextmanager
def open_api_doors(
    source: ApiSource, settings: Settings, database: Engine, stop: StopRequest, metrics: ApiMetrics
) -> Iterator[ApiDoors]:
    """Everything that a reading of a source needs.

    Raises:
        SettingsError: a bucket or a secret is not set, or keys would not lead to the source's files.
    """
    from etl_core.postgres.clock import DatabaseClock
    from jobs.running.wiring import object_store
    from pipelines.api_ingestion.account.database_account import DatabaseAccount
    from pipelines.api_ingestion.doors import ApiDoors
    from pipelines.api_ingestion.http.client import ApiClient, Passing
    from pipelines.api_ingestion.http.connections import Connections
    from pipelines.api_ingestion.landing.landing_bucket import LandingBucket

    bucket = _landing_bucket(settings)
    _require_layout(source, settings)
    values = named_values(source.auth.variables())
    _hide(settings, tuple(values.values()))
    passing = Passing(lambda: datetime.now(timezone.utc), time.monotonic, stop.wait, random.random)
    at_once = source.rate_limit.concurrent
    connections = Connections(source.limits, allow_private=source.allow_private, concurrent=at_once)
    with closing(connections), ThreadPoolExecutor(2 * at_once, "page") as pool:
        yield ApiDoors(
            source=source,
            client=ApiClient(source, connections, values, passing, partial(metrics.answered, source.source)),
            account=DatabaseAccount(database, bucket, _announce, _keep_letter, current_account()),
            objects=LandingBucket(object_store(settings), bucket),
            time=Passing(DatabaseClock(database), passing.passed, passing.sleep, passing.chance),
            run_id=uuid.uuid4().hex[:12],
            stopped=stop.is_set,
            ahead=lambda ask: pool.submit(ask).result,
        )


def _landing_bucket(settings: Settings) -> str:
    bucket = settings[ApiSettings].landing_bucket
    if bucket is None:
        raise SettingsError("settings", ["LANDING_BUCKET: is not set; name the bucket that records land in"])
    allowed = settings[BatchSettings].allowed_buckets
    if allowed and "*" not in allowed and bucket not in allowed:
        problem = f"LANDING_BUCKET: {bucket} is not among ALLOWED_BUCKETS, so that what lands there would be ignored"
        raise SettingsError("settings", [problem])
    return bucket


def _require_layout(source: ApiSource, settings: Settings) -> None:
    """Refuse to land where nobody would find whose file it is."""
    from dq.events.key_layout import FileIdentity, KeyLayouts

    layouts = KeyLayouts(settings[BatchSettings].key_layouts)
    problems = []
    for name, one in source.endpoints.items():
        key = f"agency/{one.land.agency}/files/{one.land.file}/2026-01-01/00/{name}-0-0001.jsonl.gz"
        found = layouts.identify(key)
        if not isinstance(found, FileIdentity) or (found.agency_slug, found.file_name) != (
            one.land.agency,
            one.land.file,
        ):
            problems.append(f"KEY_LAYOUTS: has no template by which {key} is of {one.land.agency}/{one.land.file}")
    if problems:
        raise SettingsError("settings", problems)


def _hide(settings: Settings, secrets: tuple[str, ...]) -> None:
    """Have secrets of the source in no line of the log or the audit."""
    known = (*settings.secrets(), *secrets)
    configure_logging(settings[LogSettings].log_level, known)
    if (run := current_run()) is not None:
        run.secrets = tuple(dict.fromkeys((*run.secrets, *known)))


def _announce(connection: Connection, head: ObjectHead, now: datetime) -> int:
    """A row of the ledger for an object; its run is that of the window in its key."""
    from dq.events.object_event import ObjectEvent
    from dq.ledger.own_rows import announce

    event = ObjectEvent(str(head.bucket), head.key, head.version_id, head.etag, head.size, None, now, "api")
    announced = announce(connection, [event], now, force=False, run_window="key")
    return next(iter(announced.ids))


def _keep_letter(connection: Connection, source: str, reason: str, body: str, now: datetime) -> None:
    from dq.events.announcement import Rejected
    from dq.ledger.adding import add_dead_letters

    add_dead_letters(connection, [Rejected(reason, body)], now, source)
