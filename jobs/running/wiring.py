"""The real doors, built from the settings: database, ledger, object store, Spark.

Everything heavy is imported and started when it is first needed.
"""

from __future__ import annotations

import os
import random
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import TYPE_CHECKING

import structlog

from dq.batch.settings import EVERY_BUCKET, BatchSettings, agencies_of_buckets
from dq.engine.settings import EngineSettings
from dq.ledger.settings import LedgerSettings
from dq.reporting.settings import ReportingSettings
from etl_core.errors import PipelineError
from etl_core.log.set_up import configure_logging
from etl_core.log.settings import LogSettings
from etl_core.metrics.settings import MetricsSettings
from etl_core.objects.settings import S3Settings
from etl_core.settings import Settings
from etl_core.spark.profiles import FILES, SessionProfile
from jobs.running.database import database_at_hand, open_database
from jobs.running.job_run import current_account, current_run
from jobs.running.lineage import begin_telling
from jobs.running.sessions import Sessions
from jobs.running.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pyarrow import RecordBatchReader
    from pyspark.sql import SparkSession
    from rich.console import Console

    from dq.batch.process_batch import Doors
    from dq.engine.file_results import FileVerdict
    from dq.engine.source_file import Source, SourceObject
    from dq.formats.limits import Limits
    from dq.profiling.row_rules.reference_keys import ReferenceKeys
    from dq.profiling.summary.summary import FileSummary
    from dq.references.reading import ReferenceReader
    from dq.schema.definition import WantedKeys
    from etl_core.objects.store import ObjectStore, S3Access

log = structlog.get_logger()

#: What spark-submit sets where it starts a program.
_SUBMITTED = "PYSPARK_GATEWAY_PORT"


@dataclass(frozen=True, slots=True)
class Program:
    """A started program: its settings, and the console its log lines and progress share."""

    settings: Settings
    console: Console


def start(settings: Settings | None = None) -> Program:
    """Read the settings unless they are given, and send log lines where they belong.

    Raises:
        SettingsError: lists every wrong variable.
    """
    settings = settings or read_settings()
    if (run := current_run()) is not None:
        run.secrets = settings.secrets()
        begin_telling(run, settings)
    return Program(settings, configure_logging(settings[LogSettings].log_level, settings.secrets()))


def object_store(settings: Settings) -> ObjectStore:
    """The door to S3 and local files; nothing is connected yet."""
    from etl_core.objects.store import ObjectStore

    return ObjectStore(s3_access(settings))


def s3_access(settings: Settings) -> S3Access:
    """How S3 is reached and signed in to."""
    from etl_core.objects.store import S3Access

    s3 = settings[S3Settings]
    return S3Access(s3.s3_endpoint, s3.s3_region, *s3.key_pair())


def reference_reader(settings: Settings, store: ObjectStore, limits: Limits, *, own_files: bool) -> ReferenceReader:
    """What reads the keys and rows that files refer to, from the places that the settings open to definitions.

    Args:
        settings: which buckets and schemas these are.
        store: where objects are.
        limits: within which files are read.
        own_files: files of this machine, too.
    """
    from dq.references.reading import ReferenceReader

    def silver(table: str, names: tuple[str, ...]) -> RecordBatchReader:
        from pipelines.lake.files.table_folder import lake_table
        from pipelines.lake.settings import LakeSettings
        from pipelines.lake.tables.reading import columns_of

        return columns_of(lake_table(settings[LakeSettings].lake_root, "silver", table, s3_access(settings)), names)

    return ReferenceReader(
        store,
        limits,
        allowed_buckets=frozenset(settings[BatchSettings].allowed_buckets) - {EVERY_BUCKET},
        schemas=frozenset(settings[EngineSettings].reference_schemas),
        database=lambda: database_at_hand(settings),
        silver=silver,
        own_files=own_files,
    )


class Profiler:
    """The engine with a Spark session that is started when it is first needed, and stopped by who started it."""

    def __init__(
        self,
        settings: Settings,
        store: ObjectStore,
        *,
        keep_states: bool = False,
        isolated: bool = False,
        own_references: bool = False,
        profile: SessionProfile = FILES,
    ) -> None:
        from dq.formats.limits import Limits

        self._settings = settings
        engine = settings[EngineSettings]
        self._isolated = isolated
        self._limits = Limits(object_memory=engine.object_memory_mib << 20, object_seconds=engine.object_seconds)
        self._keys_reader = cache(partial(reference_reader, settings, store, self._limits, own_files=own_references))
        self._store = store
        self._keep_states = keep_states
        self._sessions = Sessions(settings, profile)

    @property
    def session(self) -> SparkSession:
        """The running session; started now if there is none."""
        return self._sessions()

    def _read_keys(self, wanted: WantedKeys) -> ReferenceKeys:
        """Read keys that files refer to; what that takes is loaded when the first are wanted."""
        return self._keys_reader()(wanted)

    def __call__(self, sources: Sequence[Source]) -> Mapping[int, FileVerdict | PipelineError]:
        """Profile and judge the files of one batch."""
        from dq.engine.profile_files import judge_sources
        from dq.engine.small import is_small_work

        if self._isolated:
            sources = [replace(source, isolated=True) for source in sources]
        sizes = [source.size for source in sources]
        reader = self._settings[EngineSettings].reader
        is_little = is_small_work(sizes) and not any(source.isolated for source in sources)
        worth_a_session = self._sessions.is_started or reader == "spark" or not is_little
        return judge_sources(
            sources,
            store=self._store,
            spark=self.session if worth_a_session else None,
            reader=reader,
            limits=self._limits,
            keep_states=self._keep_states,
            read_keys=self._read_keys,
        )

    def judge_one(self, source: SourceObject, progress: Callable[[float], None]) -> FileVerdict | PipelineError:
        """Profile and judge a file that somebody waits for: without Spark, unless somebody asked for it.

        Args:
            source: the file.
            progress: told the share that is read, from 0 to 1, unless Spark reads.
        """
        from dq.engine.profile_files import judge_sources

        found = judge_sources(
            [source],
            store=self._store,
            spark=self._session_for(source),
            reader=self._settings[EngineSettings].reader,
            limits=self._limits,
            progress=progress,
            read_keys=self._read_keys,
        )
        return found[source.id]

    def figures_of(self, source: SourceObject) -> FileSummary | PipelineError:
        """Profile a file that somebody waits for and judge nothing; where it is read as `judge_one` does."""
        from dq.engine.profile_files import profile_files

        found = profile_files(
            [source],
            store=self._store,
            spark=self._session_for(source),
            reader=self._settings[EngineSettings].reader,
            limits=self._limits,
        )
        return found[source.id]

    def _session_for(self, source: SourceObject) -> SparkSession | None:
        """Spark's session where a lone file is worth one, or somebody asked for it."""
        from dq.engine.small import is_done_here

        engine, is_local = self._settings[EngineSettings], source.peek.head.bucket is None
        asked = engine.reader == "spark" or engine.spark_master is not None or _SUBMITTED in os.environ
        here = not asked and is_done_here(source.size, os.cpu_count() or 1, is_local=is_local)
        return None if here else self.session

    def close(self) -> None:
        """Stop the session if it was started here."""
        self._sessions.close()


@contextmanager
def open_profiler(
    settings: Settings,
    store: ObjectStore,
    *,
    keep_states: bool = False,
    isolated: bool = False,
    own_references: bool = False,
    profile: SessionProfile = FILES,
) -> Iterator[Profiler]:
    """An engine, stopped at the end.

    Args:
        settings: which reader, and what it may take.
        store: where objects are.
        keep_states: give mergeable states, too.
        isolated: read every object in a worker of Spark's, for this process is to outlive whatever one of them does.
        own_references: files may refer to keys in files of this machine.
        profile: the kind of Spark session that is started.
    """
    profiler = Profiler(
        settings, store, keep_states=keep_states, isolated=isolated, own_references=own_references, profile=profile
    )
    try:
        yield profiler
    finally:
        profiler.close()


@contextmanager
def open_doors(
    settings: Settings, profiler: Profiler | None = None, *, profile: SessionProfile = FILES, only_reads: bool = False
) -> Iterator[Doors]:
    """Everything a batch needs; `profiler` is made when none is given, for Spark sessions of the kind `profile`.

    With `only_reads` for looking alone: the rights of a reader will do, and the run leaves no line of the audit.

    Raises:
        CatalogueError: lists what the database lacks.
    """
    from dq.batch.metrics import BatchMetrics
    from dq.batch.process_batch import Doors
    from dq.events.key_layout import KeyLayouts
    from dq.ledger.inbox import Inbox
    from dq.ledger.inspection import inbox_status
    from dq.reporting.catalogue.catalogue import Catalogue, read_catalogue
    from dq.reporting.reporting import ReportingStore
    from dq.schema.definition import ScoringMode
    from etl_core.metrics.publishing import left_in_file
    from etl_core.postgres.clock import DatabaseClock

    store = object_store(settings)
    batch, ledger, reporting = settings[BatchSettings], settings[LedgerSettings], settings[ReportingSettings]
    metrics = BatchMetrics()
    reads = partial(read_catalogue, creates_files=batch.auto_create_files, only_reads=only_reads)
    catalogues = list[Catalogue]()  # read once, while the rest of the database is looked at
    with (
        left_in_file(metrics.registry, settings[MetricsSettings].metrics_file),
        open_database(
            settings, only_reads=only_reads, also=lambda engine: catalogues.append(reads(engine))
        ) as database,
        open_profiler(settings, store, keep_states=ledger.keep_profiles, profile=profile) as own_profiler,
    ):
        (catalogue,) = catalogues
        doors = Doors(
            database=database,
            inbox=Inbox(database, max_attempts=ledger.max_attempts),
            reporting=ReportingStore(catalogue, score_aggregate=reporting.score_aggregate),
            objects=store,
            judge=profiler or own_profiler,
            clock=DatabaseClock(database),
            chance=random.random,
            layouts=KeyLayouts(batch.key_layouts),
            run_window=batch.run_window,
            allowed_buckets=frozenset(batch.allowed_buckets) - {EVERY_BUCKET},
            bucket_agencies=agencies_of_buckets(batch.bucket_agencies),
            auto_create_files=batch.auto_create_files,
            process_inactive_files=batch.inactive_files == "process",
            scoring_mode=ScoringMode(batch.scoring_mode),
            keep_profiles=ledger.keep_profiles,
            account=current_account(),
            metrics=metrics,
        )
        try:
            yield doors
        finally:
            if settings[MetricsSettings].metrics_file is not None:
                with suppress(PipelineError):  # of an outage others tell
                    metrics.inbox(inbox_status(database, doors.clock()))
