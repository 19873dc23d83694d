"""What the environment says about the queue; its region and keys are those of S3."""

from __future__ import annotations

from etl_core.settings import HttpUrl, RoomSettings, setting


class QueueSettings(RoomSettings):
    """Which queue."""

    poll_queue_url: HttpUrl | None = setting(
        "Queue that announces new objects. Unset: only the inbox is worked off",
        "the queue's URL such as https://sqs.eu-west-1.amazonaws.com/123456789012/landing",
    )
    sqs_endpoint: HttpUrl | None = setting(
        "Address of the queue service when it is not AWS", "http://host:port or https://host"
    )
