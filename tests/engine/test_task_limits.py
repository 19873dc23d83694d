"""What one object may take of a worker is bounded, and what goes beyond is that object's end alone."""

from __future__ import annotations

import resource
import signal
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from dq.engine.byte_ranges.task_limits import within
from dq.engine.halving import BroughtDownError
from dq.engine.parts import EngineFaultError, OutOfTimeError
from dq.engine.profile_files import profile_files
from dq.formats.limits import Limits
from etl_core.objects.store import S3Access
from tests.engine.batches import counted_jobs, local_sources, readable, rows_of_text, unseen_sources
from tests.engine.faulty_store import FaultyStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mypy_boto3_s3 import S3Client
    from pyspark.sql import SparkSession

    from tests.local_s3 import S3Server

GIB = 1024**3
#: Time enough for sound objects on any host; the store lets it pass quickly for the one that hangs.
LIMITS = Limits(object_memory=4 * GIB, object_seconds=200)
#: More than a first look has.
ROWS = 20_000


@pytest.mark.parametrize("size", [ROWS, pytest.param(3, marks=pytest.mark.night)])
def test_what_takes_too_much_of_a_worker_ends_alone(
    spark: SparkSession, s3: S3Client, s3_server: S3Server, bucket: str, size: int
) -> None:
    """Of 24 objects one hangs and one wants 6 GiB: looked at before, or by the tasks themselves."""
    sound = [f"sound{number}.csv" for number in range(22)]
    keys = [*sound, "hanging.csv", "glutton.csv"]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=rows_of_text(ROWS if "sound" not in key else 3).encode())
    server = s3_server
    store = FaultyStore(S3Access(server.endpoint, server.region, server.access_key, server.secret_key))
    sources = unseen_sources(bucket, keys, size=1000)
    if size == ROWS:
        sources = [one.seen(store.peek(bucket, one.key)) for one in sources]  # type: ignore[misc]
    with counted_jobs(spark, f"too-much-{size}") as jobs:
        found = profile_files(sources, store=store, spark=spark, limits=LIMITS)
    assert [readable(found[number]).rows_read for number in range(22)] == [3] * 22
    assert isinstance(found[22], BroughtDownError), found[22]
    if size == ROWS:
        assert isinstance(found[23], EngineFaultError), found[23]
        assert "more memory than a worker may have (4,096 MiB)" in str(found[23])
    else:  # looking at an object is no more than a read of its beginning: who holds too much there has a fault
        assert isinstance(found[23], BroughtDownError), found[23]
    assert len(jobs) <= 1 + 2 * 5 + 2 + 1


@pytest.mark.parametrize("isolated", [False, True])
def test_a_suspect_is_read_in_a_worker_however_small_it_is(
    spark: SparkSession, s3: S3Client, s3_server: S3Server, bucket: str, *, isolated: bool
) -> None:
    """This process would be gone; without the suspicion a small file is read here, without a job."""
    name = "poison.csv" if isolated else "sound.csv"
    s3.put_object(Bucket=bucket, Key=name, Body=rows_of_text(3).encode())
    server = s3_server
    store = FaultyStore(S3Access(server.endpoint, server.region, server.access_key, server.secret_key))
    (source,) = unseen_sources(bucket, [name])
    with counted_jobs(spark, f"suspect-{isolated}") as jobs:
        found = profile_files([replace(source, isolated=isolated)], store=store, spark=spark)
    if isolated:
        assert isinstance(found[0], BroughtDownError)
        assert len(jobs) == 1
    else:
        assert readable(found[0]).rows_read == 3
        assert len(jobs) == 0


def test_a_read_that_goes_on_and_on_notices_it_by_itself(tmp_path: Path) -> None:
    """In every lane, this one without Spark."""
    path = tmp_path / "long.csv"
    path.write_text(rows_of_text(ROWS))
    found = profile_files(local_sources([path]), store=FaultyStore(), limits=Limits(block=4096, object_seconds=0.0))
    assert isinstance(found[0], OutOfTimeError)
    assert "raise OBJECT_SECONDS" in str(found[0])


def test_bounds_are_gone_after_the_task() -> None:
    """The worker serves others next."""
    before = resource.getrlimit(resource.RLIMIT_DATA), signal.getsignal(signal.SIGALRM)
    during: list[object] = []

    def results() -> Iterator[int]:
        for number in range(3):
            during.append((resource.getrlimit(resource.RLIMIT_DATA)[0], signal.getitimer(signal.ITIMER_REAL)[0] > 0))
            yield number

    for _ in within(results(), Limits(object_memory=64 * GIB, object_seconds=100)):
        assert (resource.getrlimit(resource.RLIMIT_DATA), signal.getsignal(signal.SIGALRM)) == before
        assert signal.getitimer(signal.ITIMER_REAL)[0] == 0
    assert during == [(64 * GIB, True)] * 3
