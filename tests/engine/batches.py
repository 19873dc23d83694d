"""Batches of local files and of objects in S3, for tests of the engine."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dq.checks.plan import plan_checks
from dq.definitions import load_definition
from dq.engine.source_file import SourceObject, UnseenObject
from dq.verdict.judge import judge
from etl_core.errors import PipelineError
from etl_core.objects.store import ObjectStore, Peek, S3Access

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pyspark.sql import SparkSession

    from dq.profiling.summary.summary import FileSummary
    from dq.schema.definition import SchemaDefinition
    from tests.local_s3 import S3Server

DEFINITION = load_definition(
    {
        "fields": [
            {"name": "id", "type": "integer", "required": True, "unique": True},
            {"name": "name", "type": "string", "pattern": "[a-z]+"},
            {"name": "fare", "type": "number", "min": 0},
        ]
    }
)


def rows_of_text(count: int, *, start: int = 0) -> str:
    """Rows of `DEFINITION` as CSV with a header; about 16 bytes a row."""
    rows = (f"{start + number},{'abc'[number % 3]},{number % 97 - 1}.5\n" for number in range(count))
    return "id,name,fare\n" + "".join(rows)


def local_sources(
    paths: Sequence[Path], definition: SchemaDefinition | None = DEFINITION, store: ObjectStore | None = None
) -> list[SourceObject]:
    store = store or ObjectStore()
    return [SourceObject(number, store.peek(None, str(path)), definition) for number, path in enumerate(paths)]


def s3_store(server: S3Server) -> ObjectStore:
    return ObjectStore(S3Access(server.endpoint, server.region, server.access_key, server.secret_key))


def s3_sources(
    store: ObjectStore, bucket: str, keys: Sequence[str], definition: SchemaDefinition | None = DEFINITION
) -> list[SourceObject]:
    peeks = store.peek_all({number: (bucket, key, None) for number, key in enumerate(keys)})
    found = []
    for number, peek in peeks.items():
        assert isinstance(peek, Peek), (keys[number], peek)
        found.append(SourceObject(number, peek, definition))
    return found


def unseen_sources(
    bucket: str, keys: Sequence[str], definition: SchemaDefinition | None = DEFINITION, *, size: int = 1000
) -> list[UnseenObject]:
    """Objects as they are announced, each of `size` bytes."""
    return [UnseenObject(number, bucket, key, None, size, definition) for number, key in enumerate(keys)]


def readable(found: FileSummary | PipelineError) -> FileSummary:
    """A summary of a file that was read; anything else fails the test."""
    assert not isinstance(found, PipelineError), found
    assert found.unreadable is None, found.unreadable
    return found


def payload(found: FileSummary | PipelineError, definition: SchemaDefinition | None = DEFINITION) -> str:
    """The profile payload, byte for byte."""
    return json.dumps(judge(readable(found), plan_checks(definition)).profile_payload)


@dataclass
class StartedJobs:
    """The Spark jobs that were started: their numbers once the block is left."""

    numbers: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.numbers)


@contextmanager
def counted_jobs(spark: SparkSession, group: str) -> Iterator[StartedJobs]:
    """Count the jobs this thread starts within the block."""
    context = spark.sparkContext
    started = StartedJobs()
    context.setJobGroup(group, group)
    try:
        yield started
    finally:
        started.numbers.extend(context.statusTracker().getJobIdsForGroup(group))
        clear: Any = context
        clear.setLocalProperty("spark.jobGroup.id", None)
        clear.setLocalProperty("spark.job.description", None)
