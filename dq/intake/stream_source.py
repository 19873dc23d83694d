"""The ledger as a Structured Streaming source: offsets and rows are batch numbers.

Spark runs the reader in a Python process of its own on the driver's machine and asks it for offsets; an
exception there ends the query, so none is raised for an outage. State lives in the ledger: a lost checkpoint
costs nothing, and of a batch that is planned twice only what is still held is worked on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog
from pyspark.sql.datasource import DataSource, DataSourceStreamReader, InputPartition

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructType

    from dq.intake.feed import Feed
    from dq.intake.feed_settings import FeedSettings

FORMAT = "pipeline_inbox"
_SCHEMA = "batch bigint"


def inbox_stream(spark: SparkSession, handover: str) -> DataFrame:
    """The stream of claimed batches: column `batch`, a number of the ledger.

    `handover` is the path that `dq.intake.feed_settings.handed_over` gives; it has to be there as long as the
    query runs.
    """
    spark.dataSource.register(InboxSource)
    return spark.readStream.format(FORMAT).option("handover", handover).load()


@dataclass
class InboxPartition(InputPartition):
    """Batches that are still held."""

    batches: tuple[int, ...] = ()


class InboxSource(DataSource):
    """Format `pipeline_inbox`; option `handover` names the file with the settings."""

    @classmethod
    def name(cls) -> str:
        """What goes into `format(...)`."""
        return FORMAT

    def schema(self) -> str:
        """Only numbers of batches: what was announced stays in the ledger."""
        return _SCHEMA

    def streamReader(self, schema: StructType) -> InboxStreamReader:  # noqa: N802  Spark's name
        """The reader of one query."""
        del schema
        return InboxStreamReader(self.options["handover"])


class InboxStreamReader(DataSourceStreamReader):
    """Answers Spark's questions; travels to executors as the path of its settings, without clients."""

    def __init__(self, handover: str) -> None:
        self._handover = handover
        self._feed: Feed | None = None
        self._latest = 0

    def __getstate__(self) -> dict[str, Any]:
        return {"_handover": self._handover, "_feed": None, "_latest": 0}

    def initialOffset(self) -> dict[str, int]:  # noqa: N802  Spark's name
        """Before the first batch, whatever the ledger holds: batches are claimed for this query."""
        return {"batch": 0}

    def latestOffset(self, *args: Any) -> dict[str, int]:  # noqa: N802, ANN401  Spark's name; (start, limit) since 4.2, nothing before
        """The batch just claimed, or the start when there is nothing to do.

        Before 4.2 Spark does not say where it stands; what was planned or claimed last tells. The limit
        is not asked: a batch is bounded by the settings, and the next one follows at once.
        """
        if args and args[0] is not None:
            self._latest = max(self._latest, int(args[0]["batch"]))
        self._latest = self._driver().next_batch(self._latest)
        return {"batch": self._latest}

    def partitions(self, start: dict[str, int], end: dict[str, int]) -> Sequence[InputPartition]:
        """The batches after `start` up to `end` that still hold rows."""
        self._latest = max(self._latest, int(end["batch"]))
        batches = self._driver().held(int(start["batch"]), int(end["batch"]))
        return [InboxPartition(batches)] if batches else []

    def read(self, partition: InputPartition) -> Iterator[tuple[int]]:
        """The batches of a partition; runs on executors and needs nothing but its argument."""
        if isinstance(partition, InboxPartition):
            yield from ((batch,) for batch in partition.batches)

    def commit(self, end: dict[str, int]) -> None:
        """Nothing: what is done says the ledger."""

    def stop(self) -> None:
        """Let go of the database when the query ends."""
        if self._feed is not None:
            self._feed.close()
            self._feed = None

    def _driver(self) -> Feed:
        """What reaches the ledger and the queue; made in the reader's own process only."""
        if self._feed is None:
            from dq.intake.feed import Feed  # noqa: PLC0415  executors have no use for database and queue clients
            from dq.intake.feed_settings import read_feed_settings  # noqa: PLC0415  as above

            settings = read_feed_settings(self._handover)
            _log_as_the_program(settings)
            self._feed = Feed(settings)
        return self._feed


def _log_as_the_program(settings: FeedSettings) -> None:
    """Spark starts this process, so it has to be told once more how lines look and what may stand in none.

    Its stderr is a pipe to Spark's JVM, which hands on what it reads, also to a terminal.
    """
    from etl_core.log.set_up import configure_logging  # noqa: PLC0415  executors log nothing

    if not structlog.is_configured():
        configure_logging(settings.log_level, settings.secrets(), on_terminal=settings.on_terminal)
