"""Whether a message is from SNS: its signature, by a certificate of Amazon's.

The rules are those of "Verifying the signatures of Amazon SNS messages" (SNS Developer Guide): which fields are signed
in which order, SHA-1 for signature version 1, SHA-256 for version 2. The certificate's address comes with the message,
so that only addresses of SNS itself are asked.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections import OrderedDict
from datetime import timedelta, timezone
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from pydantic import AwareDatetime, TypeAdapter, ValidationError

from etl_core.errors import RetryableError, TerminalError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

_HOST: Final = re.compile(r"sns\.[a-z0-9-]+\.amazonaws\.com(\.cn)?")
_CERTIFICATE: Final = re.compile(r"/SimpleNotificationService-[A-Za-z0-9-]+\.pem")
_SIGNED: Final[Mapping[str, tuple[str, ...]]] = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
#: SNS gives up on an endpoint after an hour; clocks may differ.
OLDEST: Final = timedelta(hours=1, minutes=15)
_NEWEST: Final = timedelta(minutes=15)
_MOST_CERTIFICATES: Final = 32
_MOMENT: Final = TypeAdapter(AwareDatetime)


class ForgedMessageError(TerminalError):
    """A message that nobody believes."""


class CertificateUnavailableError(RetryableError):
    """SNS' certificate could not be fetched; the message may come again."""


def is_sns_address(address: object) -> bool:
    """Whether an address is one of SNS' own, and asks nobody else."""
    if not isinstance(address, str):
        return False
    try:
        parts = urlsplit(address)
        plain = parts.port in {None, 443} and parts.username is None and parts.password is None
    except ValueError:
        return False
    return plain and parts.scheme == "https" and _HOST.fullmatch(parts.hostname or "") is not None


class SnsSignatures:
    """Checks messages; certificates are fetched once.

    Args:
        topics: whose messages are taken.
        fetch: gives the bytes at an address, and raises `OSError`.
    """

    def __init__(self, topics: frozenset[str], fetch: Callable[[str], bytes]) -> None:
        self._topics, self._fetch = topics, fetch
        self._known: OrderedDict[str, x509.Certificate] = OrderedDict()

    def check(self, message: Mapping[str, Any], now: datetime) -> datetime:
        """Prove a message; when SNS took it.

        Args:
            message: the body as JSON.
            now: aware.

        Raises:
            ForgedMessageError: it is not from SNS, of another topic, or of another time.
            CertificateUnavailableError: that cannot be told now.
        """
        signed = _SIGNED.get(str(message.get("Type")))
        if signed is None:
            raise ForgedMessageError(f"Type is {str(message.get('Type'))[:60]!r}; expected one of {', '.join(_SIGNED)}")
        topic = message.get("TopicArn")
        if not isinstance(topic, str) or topic not in self._topics:
            raise ForgedMessageError(f"TopicArn is {str(topic)[:300]!r}, which is not one of SNS_TOPICS")
        at = _moment(message)
        if not now - OLDEST <= at <= now + _NEWEST:
            raise ForgedMessageError(
                f"Timestamp is {at.isoformat()}, too far from now; a message is believed for an hour"
            )
        algorithm = {"1": SHA1, "2": SHA256}.get(str(message.get("SignatureVersion")))
        if algorithm is None:
            raise ForgedMessageError("SignatureVersion is neither 1 nor 2")
        key = self._certificate(message.get("SigningCertURL"), now).public_key()
        if not isinstance(key, RSAPublicKey):
            raise ForgedMessageError("the certificate at SigningCertURL has no RSA key")
        try:
            signature = base64.b64decode(str(message.get("Signature")), validate=True)
            key.verify(signature, _text(message, signed), PKCS1v15(), algorithm())
        except (InvalidSignature, binascii.Error, ValueError):
            raise ForgedMessageError("Signature does not fit the message") from None
        return at

    def _certificate(self, address: object, now: datetime) -> x509.Certificate:
        if not is_sns_address(address) or not _CERTIFICATE.fullmatch(urlsplit(str(address)).path):
            raise ForgedMessageError(
                f"SigningCertURL is {str(address)[:300]!r}, which is no address of SNS' certificates"
            )
        if urlsplit(str(address)).query or urlsplit(str(address)).fragment:
            raise ForgedMessageError("SigningCertURL has a query; expected the plain address of a certificate")
        address = str(address)
        found = self._known.get(address)
        if found is None:
            try:
                found = x509.load_pem_x509_certificate(self._fetch(address))
            except OSError as error:
                raise CertificateUnavailableError(f"the certificate of SNS could not be fetched: {error}") from error
            except ValueError:
                raise ForgedMessageError("what is at SigningCertURL is no certificate") from None
        if not found.not_valid_before_utc <= now <= found.not_valid_after_utc:
            raise ForgedMessageError("the certificate at SigningCertURL is not valid now")
        self._known[address] = found
        while len(self._known) > _MOST_CERTIFICATES:
            self._known.popitem(last=False)
        return found


def _moment(message: Mapping[str, Any]) -> datetime:
    try:
        return _MOMENT.validate_python(str(message.get("Timestamp"))).astimezone(timezone.utc)
    except (ValidationError, OverflowError):
        raise ForgedMessageError("Timestamp is no moment with its zone, such as 2026-01-04T12:00:00.000Z") from None


def _text(message: Mapping[str, Any], names: tuple[str, ...]) -> bytes:
    """What is signed: a line for each name and a line for its value, of a subject only where there is one."""
    lines = []
    for name in names:
        value = message.get(name)
        if value is None and name == "Subject":
            continue
        if not isinstance(value, str):
            raise ForgedMessageError(f"{name} is no text")
        lines.append(f"{name}\n{value}\n")
    return "".join(lines).encode("utf-8", "surrogatepass")
