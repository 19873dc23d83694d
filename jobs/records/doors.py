"""The real doors of a stream, built from the settings: database, brokers, the lake."""

from __future__ import annotations

from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from dq.batch.settings import BatchSettings
from dq.intake.settings import IntakeSettings
from dq.ledger.settings import LedgerSettings
from dq.reporting.settings import ReportingSettings
from etl_core.errors import SettingsError, UsageError
from etl_core.shipped_files import shipped_file
from jobs.running.database import open_database
from pipelines.lake.settings import LakeSettings
from pipelines.records.settings import KafkaSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Engine

    from dq import HourVerdicts
    from etl_core.settings import Settings
    from pipelines.records.flow import Flow
    from pipelines.records.kafka.access import KafkaAccess
    from pipelines.records.sinks import TableSink
    from pipelines.records.stream.doors import StreamDoors


def topic_address(settings: Settings, topic: str) -> str:
    """What the audit calls a topic: `kafka://host:port/topic`, of the first broker; without one, its name."""
    brokers = settings[KafkaSettings].kafka_bootstrap_servers
    first = (brokers or "").partition(",")[0].strip()
    return f"kafka://{first}/{topic}" if first else f"topic {topic}"


def open_flow(named: str) -> Flow:
    """Read a flow: the path of its file, or the name of one of those that come with the program.

    Raises:
        FlowError: it has mistakes; lists all of them.
        UsageError: there is none.
    """
    from pipelines.records.read_flow import read_flow

    folder = shipped_file("records")
    path = Path(named) if named.endswith((".yaml", ".yml")) else folder / f"{named}.yaml"
    try:
        return read_flow(path.read_bytes(), path.name)
    except OSError as error:
        known = ", ".join(sorted(one.stem for one in folder.glob("*.yaml")))
        said = f"the flow {named!r} cannot be read: {error.strerror}"
        raise UsageError(f"{said}; expected the path of a YAML file, or one of {known}") from None


def kafka_access(settings: Settings) -> KafkaAccess:
    """How the brokers are reached.

    Raises:
        SettingsError: nobody said where they are.
    """
    from pipelines.records.kafka.access import KafkaAccess

    kafka = settings[KafkaSettings]
    if kafka.kafka_bootstrap_servers is None:
        raise SettingsError("settings", ["KAFKA_BOOTSTRAP_SERVERS: is not set; name the brokers, host:port each"])
    password = kafka.kafka_sasl_password
    return KafkaAccess(
        kafka.kafka_bootstrap_servers,
        kafka.kafka_security_protocol,
        kafka.kafka_sasl_mechanism,
        kafka.kafka_sasl_username,
        None if password is None else password.get_secret_value(),
        kafka.kafka_ssl_ca,
    )


def require_client() -> None:
    """Ask for Kafka's client, which is installed for who wants it.

    Raises:
        UsageError: it is not there.
    """
    if find_spec("confluent_kafka") is None:
        raise UsageError(
            "streams of records need the package confluent-kafka, which is not installed; install"
            " pipeline-processing[records]"
        )


@contextmanager
def open_accounts(settings: Settings) -> Iterator[Engine]:
    """The database, with the account of streams.

    Raises:
        SettingsError, DatabaseUnavailableError: it cannot be reached.
        CatalogueError: tables are missing.
    """
    from dq.streams.tables import STREAMS
    from etl_core.postgres.migrations import require

    with open_database(settings) as database:
        require(database, STREAMS)
        yield database


def stream_doors(settings: Settings, database: Engine, flow: Flow) -> StreamDoors:
    """Everything a stream is put together from."""
    from etl_core.postgres.clock import DatabaseClock
    from pipelines.records.kafka.topics import Topics
    from pipelines.records.metrics import RecordMetrics
    from pipelines.records.stream.doors import StreamDoors

    access = kafka_access(settings)
    return StreamDoors(
        database=database,
        access=access,
        topics=Topics(access),
        clock=DatabaseClock(database),
        metrics=RecordMetrics(flow.name),
        table=_table(settings, flow),
        verdicts=_verdicts(settings, database, flow),
    )


def checkpoint_root(settings: Settings) -> str | None:
    """The folder under which checkpoints of queries lie while they run.

    Raises:
        SettingsError: it cannot be made.
    """
    root = settings[IntakeSettings].checkpoint_root
    try:
        if root is not None:
            Path(root).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError("settings", [f"CHECKPOINT_ROOT: {root}: {error.strerror}; expected a folder"]) from error
    return root


def _table(settings: Settings, flow: Flow) -> TableSink | None:
    from jobs.running.wiring import s3_access
    from pipelines.lake.files.table_folder import lake_table
    from pipelines.lake.tables.appended_table import AppendedTable

    if flow.target.table is None:
        return None
    layer, name = flow.target.table.split("/", 1)
    folder = lake_table(settings[LakeSettings].lake_root, layer, name, s3_access(settings))
    agency, file = ("streams", flow.name) if flow.quality is None else (flow.quality.agency, flow.quality.file)
    return AppendedTable(folder, agency, file)


def _verdicts(settings: Settings, database: Engine, flow: Flow) -> HourVerdicts | None:
    from dq import HourVerdicts, StreamQuality, record_checks
    from dq.reporting.catalogue.catalogue import read_catalogue
    from dq.reporting.reporting import ReportingStore

    if flow.quality is None:
        return None
    creates = settings[BatchSettings].auto_create_files
    store = ReportingStore(
        read_catalogue(database, creates_files=creates), score_aggregate=settings[ReportingSettings].score_aggregate
    )
    quality = StreamQuality(flow.name, flow.quality.agency, flow.quality.file, record_checks(flow.definition))
    keeps = settings[LedgerSettings].keep_profiles
    return HourVerdicts(database, store, quality, creates_file=creates, keeps=keeps)
