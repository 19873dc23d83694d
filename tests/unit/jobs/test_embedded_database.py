"""The embedded database is for trying things out: with a real landing zone it is refused, with the reason."""

from __future__ import annotations

import pytest

from dq.settings import read_settings
from etl_core.errors import SettingsError
from jobs.running.database import refuse_embedded

QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/landing"


@pytest.mark.parametrize(
    ("given", "environment", "reason"),
    [
        ({"poll_queue_url": QUEUE}, {}, "POLL_QUEUE_URL names a queue of elsewhere"),
        ({"poll_queue_url": "http://10.0.0.7:9324/queue/landing"}, {}, "POLL_QUEUE_URL"),
        ({"spark_master": "spark://host:7077"}, {}, "SPARK_MASTER names a cluster"),
        ({"spark_master": "yarn"}, {}, "SPARK_MASTER names a cluster"),
        ({}, {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "this is a container"),
        ({}, {"PIPELINE_IMAGE": "1"}, "this is a container"),
        ({"poll_queue_url": QUEUE, "spark_master": "yarn"}, {}, "elsewhere, SPARK_MASTER names a cluster"),
    ],
)
def test_it_is_refused_where_more_than_one_machine_takes_part(
    given: dict[str, object], environment: dict[str, str], reason: str
) -> None:
    with pytest.raises(SettingsError, match=reason) as caught:
        refuse_embedded(read_settings(env_file=None, **given), environment)
    assert "DATABASE_URL: is not set" in str(caught.value)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"poll_queue_url": "http://127.0.0.1:5000/123456789012/landing"},
        {"poll_queue_url": "http://localhost:9324/queue/landing"},
        {"poll_queue_url": "http://[::1]:9324/queue/landing"},
        {"spark_master": "local[2]"},
    ],
)
def test_on_one_machine_it_is_there(given: dict[str, object]) -> None:
    refuse_embedded(read_settings(env_file=None, **given), {"HOME": "/root"})
