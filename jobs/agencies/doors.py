"""The real doors of agencies' documents, built from the settings."""

from __future__ import annotations

import uuid
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from etl_core.errors import UsageError
from etl_core.shipped_files import shipped_file
from jobs.running.job_run import current_account, current_run
from pipelines.agencies.settings import AgencySettings
from pipelines.etl.settings import EtlSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Engine

    from etl_core.objects.store import ObjectStore
    from etl_core.settings import Settings
    from pipelines.agencies.run_agency import DocumentDoors
    from pipelines.agencies.source.repositories import AgencyRepository


@dataclass(frozen=True, slots=True)
class OpenDoors:
    """What a run needs besides: the database of the ledger, and who the agencies are."""

    database: Engine
    agencies: AgencyRepository
    documents: DocumentDoors


@contextmanager
def open_document_doors(settings: Settings, connections: int) -> Iterator[OpenDoors]:
    """Open both databases and both stores.

    Args:
        settings: of the job.
        connections: requests to a store that may be under way at once.

    Raises:
        UsageError: there is no folder where AGENCY_QUERIES says.
        CatalogueError: the ledger lacks the table of documents.
        SettingsError, DatabaseUnavailableError: a database cannot be reached.
    """
    from etl_core.postgres.migrations import require
    from jobs.running.database import open_database
    from pipelines.agencies.ledger.copies import CopyLedger
    from pipelines.agencies.ledger.tables import DOCUMENTS
    from pipelines.agencies.run_agency import DocumentDoors
    from pipelines.agencies.source.repositories import (
        AgencyRepository,
        AttachmentRepository,
        EmploymentHistoryRepository,
        Queries,
    )

    queries, run = Queries(_folder(settings)), current_run()
    with ExitStack() as own, open_database(settings) as database:
        require(database, DOCUMENTS)
        application = _application(own, settings, database)
        documents = DocumentDoors(
            attachments=AttachmentRepository(application, queries),
            employment=EmploymentHistoryRepository(application, queries),
            source=_source(settings, connections),
            destination=_destination(settings, connections),
            ledger=CopyLedger(
                database, uuid.uuid4().hex if run is None else run.run_id, lambda: datetime.now(timezone.utc)
            ),
            account=current_account(),
        )
        yield OpenDoors(database, AgencyRepository(application, queries), documents)


def _folder(settings: Settings) -> Path:
    folder = settings[AgencySettings].agency_queries
    if folder is None:
        return shipped_file("sql/agencies")
    if not Path(folder).is_dir():
        raise UsageError(f"AGENCY_QUERIES: there is no folder {folder}")
    return Path(folder)


def _application(own: ExitStack, settings: Settings, database: Engine) -> Engine:
    from etl_core.postgres.database import connect

    address = settings[EtlSettings].source_database_url
    if address is None:
        return database
    engine = connect(address.get_secret_value(), setting="SOURCE_DATABASE_URL")
    own.callback(engine.dispose)
    return engine


def _source(settings: Settings, connections: int) -> ObjectStore:
    from etl_core.objects.store import ObjectStore
    from jobs.running.wiring import s3_access

    return ObjectStore(replace(s3_access(settings), connections=connections, adaptive=True))


def _destination(settings: Settings, connections: int) -> ObjectStore | None:
    """Give the destination's store, where it is another; what is not said of it is as for the source."""
    from etl_core.objects.store import ObjectStore
    from jobs.running.wiring import s3_access

    wanted = settings[AgencySettings]
    if not wanted.has_own_destination:
        return None
    access, (key, secret) = s3_access(settings), wanted.destination_keys()
    access = replace(access, connections=connections, adaptive=True)
    if wanted.destination_s3_endpoint is not None:
        access = replace(access, endpoint=wanted.destination_s3_endpoint)
    if wanted.destination_s3_region is not None:
        access = replace(access, region=wanted.destination_s3_region)
    return ObjectStore(access if key is None else replace(access, access_key=key, secret_key=secret))
