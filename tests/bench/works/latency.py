"""From the event to the verdict: small objects that arrive one after the other in front of a warm stream."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from statistics import quantiles
from threading import Event, Thread
from typing import TYPE_CHECKING

import boto3
from sqlalchemy import text

from etl_core.postgres.embedded import embedded_postgres
from etl_core.shipped_files import shipped_file
from tests.bench.contestant import ROOT
from tests.bench.object_server import object_server
from tests.bench.report.figures import Figure
from tests.databases import apply
from tests.end_to_end.command_line import environment
from tests.end_to_end.landing import GOOD, key_of, make_landing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.bench.bench import Bench
    from tests.bench.object_server import ObjectServer
    from tests.end_to_end.landing import Landing

BUCKET = "landing"
_SECONDS_BETWEEN = 0.5
_POLL_SECONDS = 0.02
_START_SECONDS, _END_SECONDS = 180.0, 60.0
_HOURS = 24
#: Objects before those that count.
_WARM = 5


def latency(bench: Bench) -> Iterator[Figure]:
    """A real `watch_files`, local S3 and queue (moto), embedded Postgres; verdicts are looked for every 20 ms."""
    count = bench.sizes.latency
    with ExitStack() as stack:
        server = stack.enter_context(object_server(bench.folder / "queue", None))
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="dq-"))
        dsn = apply(stack.enter_context(embedded_postgres(f"{folder}/postgres")).dsn, shipped_file("sql/reporting.sql"))
        landing = make_landing(dsn, server.address, server.client(), BUCKET)
        stack.callback(landing.database.dispose)
        queue_url = _prepared(landing, server, count)
        stack.enter_context(_watching(landing, server, queue_url, bench.folder / "watch_files.log"))
        seconds = _latencies(landing, count)
    percentiles = quantiles(seconds, n=100, method="inclusive")
    what = f"event to verdict, {count} small objects at 2 a second, half of them within"
    yield Figure("latency/p50", what, percentiles[49], must=0.8)
    yield Figure("latency/p95", "95 % of them within", percentiles[94], must=1.5)


def _prepared(landing: Landing, server: ObjectServer, count: int) -> str:
    """A bucket that announces its objects to a queue, whose address this gives, and their files."""
    address = server.address
    sqs = boto3.client(
        "sqs",
        endpoint_url=address.endpoint,
        region_name=address.region,
        aws_access_key_id=address.access_key,
        aws_secret_access_key=address.secret_key,
    )
    url = sqs.create_queue(QueueName=BUCKET)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    landing.s3.create_bucket(Bucket=BUCKET)
    landing.s3.put_bucket_notification_configuration(
        Bucket=BUCKET,
        NotificationConfiguration={"QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]},
    )
    for number in range((count + _WARM) // _HOURS + 1):
        landing.configure(f"trips-{number}")
    return url


@contextmanager
def _watching(landing: Landing, server: ObjectServer, queue_url: str, log: Path) -> Iterator[None]:
    """The streaming job, once it says that it watches, until it was asked to end."""
    variables = environment(landing.database, server.address)
    variables |= {"POLL_QUEUE_URL": queue_url, "ALLOWED_BUCKETS": BUCKET, "PYTHONPATH": str(ROOT)}
    with log.open("w") as noise:
        command = [sys.executable, "-m", "jobs.cli", "watch_files"]
        process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **variables}, stderr=noise, stdout=noise)
        try:
            deadline = time.monotonic() + _START_SECONDS
            while '"watching"' not in log.read_text(encoding="utf-8"):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"watch_files does not watch; see {log.name}")
                time.sleep(0.1)
            yield
        finally:
            process.terminate()
            process.wait(_END_SECONDS)


class _Verdicts:
    """When the verdict of each key was first seen."""

    def __init__(self, landing: Landing) -> None:
        self._landing = landing
        self._stopped = Event()
        self.seen: dict[str, float] = {}

    def look(self) -> None:
        """Look until it is stopped, often and without much ado."""
        with self._landing.database.connect() as connection:
            while not self._stopped.wait(_POLL_SECONDS):
                found = connection.scalars(text("SELECT key FROM pipeline.object_inbox WHERE state = 'done'")).all()
                connection.rollback()
                now = time.perf_counter()
                for key in found:
                    self.seen.setdefault(key, now)

    def wait_for(self, count: int) -> None:
        """Wait until so many keys have their verdict."""
        deadline = time.monotonic() + _END_SECONDS
        while len(self.seen) < count:
            if time.monotonic() > deadline:
                raise RuntimeError(f"only {len(self.seen)} of {count} objects have a verdict")
            time.sleep(_POLL_SECONDS)

    def stop(self) -> None:
        """Look no more."""
        self._stopped.set()


def _latencies(landing: Landing, count: int) -> Sequence[float]:
    """The seconds from just before each object was put to the moment its verdict was there."""
    verdicts = _Verdicts(landing)
    put: dict[str, float] = {}
    watcher = Thread(target=verdicts.look)
    watcher.start()
    try:
        for number in range(count + _WARM):
            key = key_of(f"trips-{number // _HOURS}", hour=number % _HOURS)
            put[key] = time.perf_counter()
            landing.s3.put_object(Bucket=BUCKET, Key=key, Body=GOOD)
            if number < _WARM:
                verdicts.wait_for(number + 1)
            time.sleep(max(put[key] + _SECONDS_BETWEEN - time.perf_counter(), 0))
        verdicts.wait_for(len(put))
    finally:
        verdicts.stop()
        watcher.join()
    return [verdicts.seen[key] - at for key, at in [*put.items()][_WARM:]]
