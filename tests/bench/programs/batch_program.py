"""One batch of many small objects on S3: the whole flow up to committed verdicts, and Spark's bare read of them."""

from __future__ import annotations

import argparse
import json
import tempfile
import time
import uuid
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from sqlalchemy import text

from dq.definitions import load_definition
from dq.engine.profile_files import judge_sources
from dq.events.object_event import ObjectEvent
from dq.formats.limits import Limits
from dq.references.reading import ReferenceReader
from dq.reporting.catalogue.catalogue import read_catalogue
from dq.silver_due import Wanted, due_objects
from etl_core.objects.store import S3Access
from etl_core.postgres.database import connect
from etl_core.postgres.embedded import embedded_postgres
from etl_core.shipped_files import shipped_file
from etl_core.spark.session import build_session
from pipelines.lake.files.table_folder import lake_table
from pipelines.lake.lifting.load_objects import LakeDoors, load_objects
from pipelines.lake.tables.delta_log import latest_version
from tests.bench.contestant import Work, serve
from tests.bench.inputs import TRIP_DEFINITION, TRIP_FIELDS
from tests.end_to_end.landing import key_of, make_landing
from tests.local_s3 import S3Server

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyspark.sql import SparkSession

    from dq.engine.source_file import Source
    from tests.end_to_end.landing import Landing

HOURS = 10
BUCKET = "landing"
#: The rows of all files go to one table.
_DEFINITION = {**TRIP_DEFINITION, "fields": list(TRIP_FIELDS), "silver": {"table": "trips"}}
_TABLES = (
    "reporting.monitoring_file_run, reporting.monitoring_file_data_quality, "
    "pipeline.object_inbox, pipeline.profile_state"
)


def key_of_object(number: int) -> str:
    """The key of a small object: ten hours of each file."""
    return key_of(f"trips-{number // HOURS:04}", hour=number % HOURS)


def main() -> None:
    """Start the session and the database, and answer."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", type=lambda given: S3Server(**json.loads(given)), required=True)
    parser.add_argument("--objects", type=int, required=True)
    arguments = parser.parse_args()
    with ExitStack() as stack:
        serve(lambda: _prepare(stack, arguments.server, arguments.objects))


def _prepare(stack: ExitStack, server: S3Server, objects: int) -> Mapping[str, Work]:
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="dq-"))
    postgres = stack.enter_context(embedded_postgres(f"{folder}/postgres"))
    session = build_session(
        master="local[2]",
        s3_endpoint=server.endpoint,
        s3_region=server.region,
        s3_access_key=server.access_key,
        s3_secret_key=server.secret_key,
    )
    profiler = TimedProfiler(session)
    work = BatchWork(_landing(postgres.dsn, server, profiler, objects), profiler, objects)
    return {"noop": work.noop, "process": work.process, "lift": work.lift}


class TimedProfiler:
    """The engine on one session; remembers how long its calls took, and when the last one answered."""

    def __init__(self, session: SparkSession) -> None:
        self.session = session
        self.store: Any = None
        self.seconds = self.ended = 0.0

    def __call__(self, sources: Sequence[Source]) -> Mapping[int, Any]:
        """Score one share of a batch."""
        began = time.perf_counter()
        found = judge_sources(sources, store=self.store, spark=self.session, keep_states=True)
        self.ended = time.perf_counter()
        self.seconds += self.ended - began
        return found


@dataclass
class BatchWork:
    """What is measured."""

    landing: Landing
    profiler: TimedProfiler
    objects: int
    runs: int = 0

    def __post_init__(self) -> None:
        """Note what S3 announces of the objects: their sizes, too."""
        pages = self.landing.s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
        self._announced = [
            ObjectEvent(BUCKET, one["Key"], size=one["Size"]) for page in pages for one in page["Contents"]
        ]

    def noop(self) -> None:
        """Spark reads every cell of all objects in one job and drops it."""
        paths = [f"s3a://{BUCKET}/{key_of_object(number)}" for number in range(self.objects)]
        columns = ", ".join(f"`{field['name']}` string" for field in TRIP_FIELDS)
        frame = self.profiler.session.read.schema(columns).option("header", value=True).csv(paths)
        frame.write.format("noop").mode("overwrite").save()

    def lift(self) -> Mapping[str, Any]:
        """Rows of all objects, judged before, to one silver table and one quarantine; tells the versions they have."""
        self.landing.sql("TRUNCATE pipeline.silver_load")
        with tempfile.TemporaryDirectory() as root:
            doors = LakeDoors(
                database=self.landing.database,
                store=self.landing.doors.objects,
                root=root,
                access=S3Access(),
                limits=Limits(),
                gate="any",
                clock=self.landing.clock,
                new_id=lambda: uuid.uuid4().hex,
                references=ReferenceReader(self.landing.doors.objects, Limits()),
                session=lambda: self.profiler.session,
            )
            catalogue = read_catalogue(self.landing.database)
            definition = load_definition(_DEFINITION)
            start = time.perf_counter()
            due = due_objects(self.landing.database, catalogue, Wanted(), self.objects)
            found = dict.fromkeys((one.object_id for one in due), definition)
            ended = load_objects(due, found, (), doors.clock(), doors)
            seconds = time.perf_counter() - start
            states = Counter(one.state for one in ended)
            if states != {"loaded": self.objects}:
                raise AssertionError(states)
            tables = [lake_table(root, layer, "trips") for layer in ("silver", "quarantine")]
            return {"seconds": seconds, "versions": sum((latest_version(one) or 0) + 1 for one in tables)}

    def process(self) -> Mapping[str, Any]:
        """Announced objects in, committed verdicts out; tells the seconds of each stage and the Spark jobs."""
        self.landing.sql(f"TRUNCATE {_TABLES} CASCADE")
        self.landing.announce(*self._announced)
        self.runs += 1
        context = self.profiler.session.sparkContext
        context.setJobGroup(f"run {self.runs}", "measured")
        self.profiler.seconds = 0.0
        start = time.perf_counter()
        outcome = self.landing.process()
        end = time.perf_counter()
        return {
            "seconds": end - start,
            "in the engine": self.profiler.seconds,
            "last writes": end - self.profiler.ended,
            "rows": outcome.rows,
            "states": dict(outcome.states),
            "jobs": len(context.statusTracker().getJobIdsForGroup(f"run {self.runs}")),
        }


def _landing(dsn: str, server: S3Server, profiler: TimedProfiler, objects: int) -> Landing:
    admin = connect(dsn)
    with admin.begin() as connection:
        script = shipped_file("sql/reporting.sql").read_text(encoding="utf-8")
        connection.exec_driver_sql(script.replace("%", "%%"))
    admin.dispose()
    client = boto3.client("s3", endpoint_url=server.endpoint, region_name=server.region)
    landing = make_landing(dsn, server, client, BUCKET, profiler)
    profiler.store = landing.doors.objects
    for number in range(-(-objects // HOURS)):
        landing.configure(f"trips-{number:04}", _DEFINITION)
    with landing.database.begin() as connection:
        connection.execute(text("ANALYZE"))
    return landing


if __name__ == "__main__":
    main()
