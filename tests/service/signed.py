"""Messages as SNS signs them, with a certificate of the tests' own."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta, timezone
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

TOPIC = "arn:aws:sns:eu-west-1:123456789012:landing"
CERTIFICATE = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem"
CONFIRMATION = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=abc"


class Certificates:
    """A key, its certificate, and what stands at addresses; `asked` are those that were asked for."""

    topic = TOPIC

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self._key.public_key())
            .serial_number(1)
            .not_valid_before(datetime(2025, 1, 1, tzinfo=timezone.utc))
            .not_valid_after(datetime(2027, 1, 1, tzinfo=timezone.utc))
            .sign(self._key, SHA256())
        )
        self.places = {CERTIFICATE: made.public_bytes(Encoding.PEM), CONFIRMATION: b"<ConfirmSubscriptionResponse/>"}
        self.asked: list[str] = []
        self.is_away = False

    def fetch(self, address: str) -> bytes:
        self.asked.append(address)
        if self.is_away or address not in self.places:
            raise OSError("no answer")
        return self.places[address]

    def signed(self, message: object, at: datetime, *, version: str = "2", **changes: object) -> dict[str, Any]:
        """A notification that holds `message`; what `changes` says is signed, too."""
        text = message if isinstance(message, str) else json.dumps(message)
        moment = at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        body: dict[str, Any] = {
            "Type": "Notification",
            "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
            "TopicArn": TOPIC,
            "Subject": "Amazon S3 Notification",
            "Message": text,
            "Timestamp": moment,
            "SignatureVersion": version,
            "SigningCertURL": CERTIFICATE,
            **changes,
        }
        body = {name: value for name, value in body.items() if value is not None}
        names = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
        if body["Type"] != "Notification":
            names = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
        lines = "".join(f"{name}\n{body[name]}\n" for name in names if name in body)
        signature = self._key.sign(lines.encode(), PKCS1v15(), SHA1() if version == "1" else SHA256())  # noqa: S303 - as SNS does
        return {**body, "Signature": base64.b64encode(signature).decode()}


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)
