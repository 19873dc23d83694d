"""The demo of documents, which ends with the verdict on the CSV that the bucket announced."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from jobs.demo import BUCKET, QUEUE, _defaults
from jobs.playground.agencies_demo import play
from jobs.playground.local_services import local_services
from jobs.running.settings import read_settings
from jobs.running.wiring import start
from tests.end_to_end.command_line import bare_command_line

__all__ = ["bare_command_line"]


@pytest.mark.usefixtures("bare_command_line")
def test_the_demo_ends_with_a_verdict_on_the_employment_history(
    database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It takes seconds: seven runs of jobs, each with its imports, and a server of its own."""
    with local_services(BUCKET, QUEUE) as services:
        chosen = _defaults() | {
            "database_url": SecretStr(database_url),
            "s3_endpoint": services.endpoint,
            "s3_region": services.region,
            "s3_access_key": SecretStr(services.access_key),
            "s3_secret_key": SecretStr(services.secret_key),
            "sqs_endpoint": services.endpoint,
            "poll_queue_url": services.queue_url,
            "allowed_buckets": (BUCKET,),
            "run_window": "key",
        }
        assert play(start(read_settings(**chosen)), services) == 0
    shown = capsys.readouterr().out
    for said in ("conflict", "unchanged", "employment-history", "badge_no is required and null in 3 of 60 rows"):
        assert said in shown
