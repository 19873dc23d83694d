"""A local S3 and SQS for the demo: a bucket that announces every new object to a queue."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
from moto.server import ThreadedMotoServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3 import S3Client

_REGION = "us-east-1"
_ACCESS_KEY = "demo-access-key"
_SECRET_KEY = "demo-secret-key"  # noqa: S105 - the local service takes any


@dataclass(frozen=True, slots=True)
class LocalServices:
    """Where the services are. The keys open nothing else."""

    endpoint: str
    region: str
    access_key: str
    secret_key: str
    bucket: str
    queue_url: str
    s3: S3Client

    def upload(self, key: str, body: bytes) -> None:
        """Put an object into the bucket, which announces it."""
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)


@contextmanager
def local_services(bucket: str, queue: str) -> Iterator[LocalServices]:
    """Start the services in this process, on a free port of this machine only."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        endpoint = f"http://{host}:{port}"
        session = boto3.Session(_ACCESS_KEY, _SECRET_KEY, region_name=_REGION)
        s3, sqs = session.client("s3", endpoint_url=endpoint), session.client("sqs", endpoint_url=endpoint)
        s3.create_bucket(Bucket=bucket)
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        queue_url = sqs.create_queue(QueueName=queue)["QueueUrl"]
        address = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        s3.put_bucket_notification_configuration(
            Bucket=bucket,
            NotificationConfiguration={
                "QueueConfigurations": [{"QueueArn": address, "Events": ["s3:ObjectCreated:*"]}],
            },
        )
        yield LocalServices(endpoint, _REGION, _ACCESS_KEY, _SECRET_KEY, bucket, queue_url, s3)
    finally:
        server.stop()
