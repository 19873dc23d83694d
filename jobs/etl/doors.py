"""The real doors of a flow, built from the settings."""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from etl_core.errors import UsageError
from etl_core.postgres.settings import PostgresSettings
from etl_core.shipped_files import shipped_file
from jobs.running.job_run import current_account, current_run
from pipelines.citizens.settings import CitizensSettings
from pipelines.etl.settings import EtlSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from dq import FieldDefinition, SchemaDefinition
    from etl_core.settings import Settings
    from pipelines.etl.doors import EtlDoors
    from pipelines.etl.flow.flow import Flow


def find_flow(name: str, settings: Settings) -> Flow:
    """Read a flow from where ETL_FLOWS says.

    Raises:
        FlowError: it is not there, or cannot be used.
        UsageError: there is no such folder.
    """
    from pipelines.etl.flow.read_flow import read_flow

    folder = settings[EtlSettings].etl_flows
    if folder is not None and not Path(folder).is_dir():
        raise UsageError(f"ETL_FLOWS: there is no folder {folder}")
    return read_flow(name, shipped_file("etl") if folder is None else Path(folder))


def addresses_of(settings: Settings) -> dict[str, str]:
    """Give the addresses of databases that are set, by the names of their settings."""
    known = {
        "SOURCE_DATABASE_URL": settings[EtlSettings].source_database_url,
        "WAREHOUSE_URL": settings[CitizensSettings].warehouse_url,
        "DATABASE_URL": settings[PostgresSettings].database_url,
    }
    return {name: secret.get_secret_value() for name, secret in known.items() if secret is not None}


def _references(settings: Settings, definition: SchemaDefinition) -> dict[str, pa.Table]:
    """Read the tables that a definition refers to, each once with all the columns that are asked for.

    Raises:
        PipelineError: one of them cannot be read, or the settings do not open it to definitions.
    """
    from dq.formats.limits import Limits
    from dq.rows.referred.reference_rows import reference_rows
    from dq.schema.definition import WantedKeys
    from jobs.running.wiring import object_store, reference_reader

    columns: dict[str, dict[str, FieldDefinition]] = {}
    for one in definition.references:
        columns.setdefault(one.wanted.source, {}).update({column.name: column for column in one.wanted.columns})
    reader = reference_reader(settings, object_store(settings), Limits(), own_files=False)
    return {
        source: reference_rows(reader.rows, WantedKeys(source, tuple(found.values())))
        for source, found in columns.items()
    }


@contextmanager
def open_etl_doors(flow: Flow, settings: Settings) -> Iterator[EtlDoors]:
    """Open the ledger, and have Spark start when it is needed.

    Raises:
        CatalogueError: the ledger lacks the table of flows.
        SettingsError, DatabaseUnavailableError: it cannot be reached.
    """
    from etl_core.postgres.migrations import require
    from jobs.running.database import open_database
    from jobs.running.sessions import Sessions
    from jobs.running.wiring import s3_access
    from pipelines.etl.doors import EtlDoors
    from pipelines.etl.ledger.steps import StepLedger
    from pipelines.etl.ledger.tables import ETL

    sessions, run, own = Sessions(settings), current_run(), settings[EtlSettings]
    with open_database(settings) as database:
        require(database, ETL)
        run_id = uuid.uuid4().hex if run is None else run.run_id
        try:
            yield EtlDoors(
                flow=flow,
                ledger=StepLedger(database, flow.name, run_id, current_account()),
                root=own.etl_root,
                addresses=addresses_of(settings),
                session=sessions,
                clock=lambda: datetime.now(timezone.utc),
                access=s3_access(settings),
                lock_seconds=own.etl_lock_seconds,
                references=partial(_references, settings),
            )
        finally:
            sessions.close()
