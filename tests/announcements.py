"""Announcements as the outside world writes them, for tests of everything that reads some."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote_plus

KEY = "agency/tenant-a/files/file-name/2026-01-04/12/data.csv"
MOMENT = "2026-01-04T12:34:56.000Z"


def s3_record(key: str = KEY, *, name: str = "ObjectCreated:Put", **changes: object) -> dict[str, Any]:
    """A record as AWS writes it; `changes` replace fields of the object (None removes one)."""
    item = {"key": quote_plus(key), "size": 1024, "eTag": "d41d8cd98f00b204e9800998ecf8427e", "sequencer": "0055AED6DC"}
    item = {field: value for field, value in (item | changes).items() if value is not None}
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "eu-west-1",
        "eventTime": MOMENT,
        "eventName": name,
        "userIdentity": {"principalId": "AWS:SOMEBODY"},
        "requestParameters": {"sourceIPAddress": "192.0.2.1"},
        "responseElements": {"x-amz-request-id": "C3D13FE58DE4C810"},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "landing",
            "bucket": {"name": "landing", "arn": "arn:aws:s3:::landing"},
            "object": item,
        },
    }


def notification(*records: object) -> str:
    """S3's own message."""
    return json.dumps({"Records": list(records)})


def minio_notification(key: str = KEY) -> str:
    """MinIO's: the event's name with `s3:`, slashes encoded, and two more fields outside."""
    record = s3_record(key, name="s3:ObjectCreated:Put") | {"eventVersion": "2.0", "eventSource": "minio:s3"}
    return json.dumps({"EventName": "s3:ObjectCreated:Put", "Key": f"landing/{key}", "Records": [record]})


def eventbridge(key: str = KEY, *, kind: str = "Object Created", source: str = "aws.s3", **changes: object) -> str:
    """EventBridge's: the key as it is."""
    item = {"key": key, "size": 1024, "etag": "d41d8cd98f00b204e9800998ecf8427e", "sequencer": "617f08299329d189"}
    return json.dumps(
        {
            "version": "0",
            "id": "17793124-05d4-b198-2fde-7ededc63b103",
            "detail-type": kind,
            "source": source,
            "time": "2026-01-04T12:34:56Z",
            "detail": {"version": "0", "bucket": {"name": "landing"}, "object": item | changes, "reason": "PutObject"},
        }
    )


def sns(message: object, kind: str = "Notification") -> str:
    """The envelope of SNS around the text of a message."""
    return json.dumps(
        {
            "Type": kind,
            "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
            "TopicArn": "arn:aws:sns:eu-west-1:123456789012:landing",
            "Message": message,
            "Timestamp": "2026-01-04T12:34:57.123Z",
            "SignatureVersion": "2",
        }
    )


def s3_test_event() -> str:
    """What S3 sends when notifications are switched on."""
    return json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Time": MOMENT, "Bucket": "landing"})
