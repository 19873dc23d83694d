"""Messages that others push: those that prove themselves go where the queue's go, the others change nothing."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from service.incoming.signatures import ForgedMessageError, SnsSignatures
from tests.end_to_end.landing import key_of
from tests.service.signed import CERTIFICATE, CONFIRMATION, TOPIC, Certificates, minutes
from tests.service.site import SECRET

if TYPE_CHECKING:
    from tests.service.site import Site

NOW = datetime(2026, 1, 4, 12, 40, tzinfo=timezone.utc)


@pytest.fixture(scope="module")
def fresh() -> Certificates:
    return Certificates()


def _event(bucket: str, key: str, sequencer: str = "0A") -> dict[str, Any]:
    s3 = {"bucket": {"name": bucket}, "object": {"key": key, "size": 3, "sequencer": sequencer}}
    record = {
        "eventVersion": "2.1",
        "eventName": "ObjectCreated:Put",
        "eventTime": "2026-01-04T12:00:00.000Z",
        "s3": s3,
    }
    return {"Records": [record]}


def _keys(site: Site) -> set[str]:
    return {row.event.key for row in site.landing.rows().values()}


@pytest.mark.parametrize("version", ["1", "2"])
def test_a_signed_message_is_taken_once_however_often_it_comes(site: Site, version: str) -> None:
    key = key_of(name=f"signed-{version}")
    message = site.certificates.signed(_event(site.landing.bucket, key), site.landing.clock(), version=version)
    answers = [site.post("/hooks/sns", message).json for _ in range(2)]
    assert [(one["new"], one["known"], one["dead_letters"]) for one in answers] == [(1, 0, 0), (0, 1, 0)]
    assert site.landing.rows()[key].event.source == "sns"


def test_a_message_that_comes_again_is_no_new_object_although_nothing_in_it_tells_versions_apart(site: Site) -> None:
    bare = {"bucket": site.landing.bucket, "key": key_of(name="bare")}
    message = site.certificates.signed(bare, site.landing.clock())
    first = site.post("/hooks/sns", message).json
    site.landing.clock.forward(minutes=20)
    assert (first["new"], site.post("/hooks/sns", message).json["new"]) == (1, 0)


def test_what_nobody_understands_is_kept_as_a_dead_letter(site: Site) -> None:
    message = site.certificates.signed("not JSON", site.landing.clock())
    answer = site.post("/hooks/sns", message)
    assert (answer.status, answer.json["dead_letters"]) == (200, 1)


def test_a_subscription_is_confirmed_at_the_address_that_is_signed(site: Site) -> None:
    extra: dict[str, Any] = {
        "Type": "SubscriptionConfirmation",
        "Subject": None,
        "Token": "abc",
        "SubscribeURL": CONFIRMATION,
    }
    message = site.certificates.signed("You have chosen to subscribe", site.landing.clock(), **extra)
    assert site.post("/hooks/sns", message).status == 200
    assert site.certificates.asked[-1] == CONFIRMATION
    elsewhere = {**extra, "SubscribeURL": "https://sns.eu-west-1.amazonaws.com.example/confirm"}
    message = site.certificates.signed("You have chosen to subscribe", site.landing.clock(), **elsewhere)
    assert site.post("/hooks/sns", message).status == 403
    assert site.certificates.asked[-1] == CONFIRMATION


@pytest.mark.parametrize(
    "change",
    [
        {"Message": json.dumps(_event("landing", "another"))},
        {"MessageId": "another"},
        {"Subject": "another"},
        {"Signature": "AAAA"},
        {"Signature": "no base64!"},
        {"Signature": None},
        {"SignatureVersion": "1"},
        {"SignatureVersion": "3"},
        {"TopicArn": TOPIC + "-of-somebody"},
        {"TopicArn": [TOPIC]},
        {"Type": "UnsubscribeConfirmation"},
        {"Type": None},
        {"Message": {"nested": True}},
        {"Timestamp": "2026-01-04T12:41:00.000Z"},
        {"Timestamp": "yesterday"},
        {"Timestamp": "9999-12-31T23:59:59-23:59"},
        {"Timestamp": "0001-01-01T00:00:00+23:59"},
    ],
    ids=str,
)
def test_a_forged_message_changes_nothing(site: Site, change: dict[str, Any]) -> None:
    key = key_of(name="forged")
    message = site.certificates.signed(_event(site.landing.bucket, key), site.landing.clock())
    answer = site.post("/hooks/sns", {**message, **change})
    assert answer.status == 403, answer.text
    assert key not in _keys(site)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"[" * 50_000, b"\xff"])
def test_what_is_no_json_object_is_refused_at_hooks(site: Site, body: bytes) -> None:
    assert site.post("/hooks/sns", body).status == 400
    assert site.post("/hooks/eventbridge", body, x_api_key=SECRET).status == 400


def test_a_certificate_that_cannot_be_fetched_asks_for_the_message_again(site: Site) -> None:
    elsewhere = "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-ffff.pem"
    message = site.certificates.signed(_event("b", "k"), site.landing.clock(), SigningCertURL=elsewhere)
    answer = site.post("/hooks/sns", message)
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")


@pytest.mark.parametrize(
    "address",
    [
        "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.eu-west-1.amazonaws.com.example/SimpleNotificationService-0123456789abcdef.pem",
        "https://example/sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.eu-west-1.amazonaws.com@example/SimpleNotificationService-0123456789abcdef.pem",
        "https://user@sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.eu-west-1.amazonaws.com:8443/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.eu-west-1.amazonaws.com:x/SimpleNotificationService-0123456789abcdef.pem",
        "https://bucket.s3.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.eu-west-1.amazonaws.com/other/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem?x=1",
        "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=abc",
        "https://[::1/SimpleNotificationService-0123456789abcdef.pem",
        "file:///etc/SimpleNotificationService-0123456789abcdef.pem",
        "",
        7,
    ],
)
def test_only_addresses_of_sns_certificates_are_asked(fresh: Certificates, address: object) -> None:
    message = {**fresh.signed("{}", NOW), "SigningCertURL": address}
    with pytest.raises(ForgedMessageError, match="SigningCertURL"):
        SnsSignatures(frozenset({TOPIC}), fresh.fetch).check(message, NOW)
    assert fresh.asked == []


def test_certificates_are_fetched_once_and_those_of_china_are_at_its_own_addresses(fresh: Certificates) -> None:
    china = "https://sns.cn-north-1.amazonaws.com.cn/SimpleNotificationService-1.pem"
    fresh.places[china] = fresh.places[CERTIFICATE]
    signatures = SnsSignatures(frozenset({TOPIC}), fresh.fetch)
    for _ in range(3):
        signatures.check(fresh.signed("{}", NOW), NOW)
        signatures.check(fresh.signed("{}", NOW, SigningCertURL=china), NOW)
    assert fresh.asked == [CERTIFICATE, china]
    fresh.asked.clear()


@pytest.mark.parametrize(("age", "is_believed"), [(0, True), (74, True), (76, False), (-14, True), (-16, False)])
def test_a_message_is_believed_for_as_long_as_sns_repeats_it(
    fresh: Certificates, age: float, *, is_believed: bool
) -> None:
    signatures = SnsSignatures(frozenset({TOPIC}), fresh.fetch)
    message = fresh.signed("{}", NOW - minutes(age))
    if is_believed:
        assert signatures.check(message, NOW) == NOW - minutes(age)
    else:
        with pytest.raises(ForgedMessageError, match="too far from now"):
            signatures.check(message, NOW)
    fresh.asked.clear()


def test_a_certificate_counts_within_its_time_only(fresh: Certificates) -> None:
    later = datetime(2027, 6, 1, tzinfo=timezone.utc)
    with pytest.raises(ForgedMessageError, match="not valid now"):
        SnsSignatures(frozenset({TOPIC}), fresh.fetch).check(fresh.signed("{}", later), later)
    fresh.asked.clear()


def _eventbridge(bucket: str, key: str) -> dict[str, Any]:
    detail = {"bucket": {"name": bucket}, "object": {"key": key, "size": 3, "sequencer": "0B"}, "reason": "PutObject"}
    return {
        "version": "0",
        "id": "17793124-05d4-b198-2fde-7ededc63b103",
        "detail-type": "Object Created",
        "source": "aws.s3",
        "time": "2026-01-04T12:00:00Z",
        "detail": detail,
    }


def test_an_event_with_the_secret_is_taken_once(site: Site) -> None:
    event = _eventbridge(site.landing.bucket, key_of(name="event"))
    answers = [site.post("/hooks/eventbridge", event, x_api_key=SECRET).json for _ in range(2)]
    assert [(one["new"], one["known"]) for one in answers] == [(1, 0), (0, 1)]


@pytest.mark.parametrize("headers", [{}, {"x_api_key": "another"}, {"x_api_key": ""}, {"x_api_key": SECRET[:-1]}])
def test_an_event_without_the_secret_changes_nothing(site: Site, headers: dict[str, str]) -> None:
    key = key_of(name="no-secret")
    assert site.post("/hooks/eventbridge", _eventbridge(site.landing.bucket, key), **headers).status == 403
    assert key not in _keys(site)
