"""What S3 or this machine's set-up refuses for good is told from what may pass, and says what to set right."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError, CredentialRetrievalError, EndpointConnectionError, ReadTimeoutError

from etl_core.errors import (
    ObjectGoneError,
    ObjectReplacedError,
    PipelineError,
    SettingsError,
    StorageUnavailableError,
    UsageError,
)
from etl_core.objects.failures import ObjectRefusedError, named
from etl_core.objects.listing import list_entries
from etl_core.objects.probe import answers
from etl_core.objects.store import ObjectStore, S3Access
from etl_core.queue.sqs import Queue, QueueAccess

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mypy_boto3_s3 import S3Client


class Refusing(ThreadingHTTPServer):
    """A service that answers everything with one status and one code, in S3's own form."""

    daemon_threads = True
    status, code = 403, "AccessDenied"

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def store(self) -> ObjectStore:
        return ObjectStore(S3Access(f"http://127.0.0.1:{self.server_port}", "us-east-1", "key", "secret"))


class _Answer(BaseHTTPRequestHandler):
    server: Refusing

    def do_GET(self) -> None:
        code = self.server.code
        body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>no</Message></Error>".encode()
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def refusing() -> Iterator[Refusing]:
    server = Refusing()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nobody is signed in: no keys, no profile, no role."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))


@pytest.mark.parametrize(
    ("status", "code", "hint"),
    [
        (403, "SignatureDoesNotMatch", "check S3_ACCESS_KEY and S3_SECRET_KEY"),
        (403, "InvalidAccessKeyId", "check S3_ACCESS_KEY and S3_SECRET_KEY"),
        (403, "AccessDenied", "needs the right to read it"),
        (400, "ExpiredToken", "sign in again"),
        (403, "RequestTimeTooSkewed", "clock"),
        (400, "AuthorizationHeaderMalformed", "check S3_REGION"),
        (400, "IllegalLocationConstraintException", "check S3_REGION"),
        (404, "NoSuchBucket", "check the bucket's name"),
    ],
)
def test_what_is_refused_for_good_says_what_to_set_right(refusing: Refusing, status: int, code: str, hint: str) -> None:
    """Whether an object is read or a prefix listed; and a service that refuses is not out."""
    refusing.status, refusing.code = status, code
    store = refusing.store()
    with pytest.raises(ObjectRefusedError, match=hint) as caught:
        store.peek("landing", "k")
    assert f"s3://landing/k: the object store refuses it ({code})" in str(caught.value)
    with pytest.raises(UsageError, match=hint):
        next(list_entries(store, "landing"))
    assert answers(store, "landing")


def test_what_may_pass_is_an_outage(refusing: Refusing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)  # boto3 waits between its tries
    store = refusing.store()
    for refusing.status, refusing.code in ((503, "SlowDown"), (500, "InternalError")):
        with pytest.raises(StorageUnavailableError, match=refusing.code):
            store.peek("landing", "k")
        assert not answers(store, "landing")


def test_an_object_that_is_not_there_is_told_from_one_that_was_replaced(
    store: ObjectStore, s3: S3Client, bucket: str
) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"old")
    head = store.peek(bucket, "k").head
    with pytest.raises(ObjectGoneError, match=f"s3://{bucket}/none: there is no such object") as gone:
        store.peek(bucket, "none")
    assert not isinstance(gone.value, ObjectReplacedError)
    s3.delete_object(Bucket=bucket, Key="k", VersionId=str(head.version_id))
    with pytest.raises(ObjectGoneError, match="no such version"):
        store.peek(bucket, "k", head.version_id)
    assert isinstance(named(_client_error("PreconditionFailed"), "s3://b/k"), ObjectReplacedError)


@pytest.mark.usefixtures("bare_machine")
def test_without_credentials_somebody_has_to_sign_in() -> None:
    """One object, many, or a queue."""
    store = ObjectStore(S3Access("http://127.0.0.1:9", "us-east-1"))
    with pytest.raises(ObjectRefusedError, match="Unable to locate credentials; set S3_ACCESS_KEY"):
        store.peek("landing", "k")
    with pytest.raises(UsageError, match="Unable to locate credentials"):
        next(list_entries(store, "landing"))
    queue = Queue(QueueAccess("http://127.0.0.1:9/1/q", "http://127.0.0.1:9", "us-east-1"))
    with pytest.raises(SettingsError, match="Unable to locate credentials"):
        queue.check()


@pytest.mark.usefixtures("bare_machine")
def test_a_profile_that_is_not_there_is_an_answer_for_each_object(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where many are looked at the first one does not end the others."""
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    store = ObjectStore(S3Access("http://127.0.0.1:9", "eu-west-3"))
    found = store.peek_all({1: ("landing", "a", None), 2: ("landing", "b", None)})
    assert {type(one) for one in found.values()} == {ObjectRefusedError}
    assert "nobody" in str(found[1])
    assert "AWS_PROFILE" in str(found[1])


@pytest.mark.parametrize("bucket", ["Not A Bucket!", "a" * 256, "x/y"])
def test_a_name_that_no_bucket_can_have_is_said_to_be_one(store: ObjectStore, bucket: str) -> None:
    with pytest.raises(ObjectGoneError, match="cannot be one"):
        store.peek(bucket, "k")
    with pytest.raises(UsageError, match="cannot be listed"):
        next(list_entries(store, bucket))


@pytest.mark.parametrize(
    ("address", "is_outage"),
    [
        ("https://landing.s3.mars-1.amazonaws.com/k", False),
        ("https://s3.mars-1.amazonaws.com/landing/k", False),
        ("https://landing.s3.eu-west-1.amazonaws.com/k", True),
        ("https://landing.s3.us-gov-west-1.amazonaws.com/k", True),
        ("http://127.0.0.1:9/landing/k", True),
    ],
)
def test_a_region_that_does_not_exist_is_told_from_one_that_cannot_be_reached(address: str, is_outage: bool) -> None:  # noqa: FBT001 - parametrized
    error = named(EndpointConnectionError(endpoint_url=address), "s3://landing/k")
    assert isinstance(error, StorageUnavailableError) == is_outage
    assert is_outage or "AWS has no region 'mars-1'; check S3_REGION" in str(error)


@pytest.mark.parametrize(
    "error",
    [
        ReadTimeoutError(endpoint_url="https://s3.mars-1.amazonaws.com/"),
        CredentialRetrievalError(provider="assume-role-with-web-identity", error_msg="timed out"),
        ConnectionResetError(),
    ],
)
def test_what_may_pass_by_itself_is_tried_again(error: Exception) -> None:
    assert isinstance(named(error, "s3://landing/k"), StorageUnavailableError)  # type: ignore[arg-type]  # of three kinds


def test_a_region_of_no_form_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(PipelineError, match="check S3_REGION"):
        _ = ObjectStore(S3Access(None, "not a region", "a", "b")).s3


def _client_error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code}}, "GetObject")
