"""Messages that others push: SNS with its signature, EventBridge with a secret. They go where those of the queue go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson
import structlog

from dq.events.notification import parse_announcement
from dq.intake.accept import accept
from service.guarding.callers import same_secret
from service.incoming.signatures import CertificateUnavailableError, ForgedMessageError, SnsSignatures, is_sns_address
from service.problems import RETRY_AFTER, RequestProblemError

if TYPE_CHECKING:
    from dq.intake.accept import Accepted
    from service.doors import ServiceDoors

log = structlog.get_logger()

_SNS: Final = "sns"
_EVENTBRIDGE: Final = "eventbridge"


class Hooks:
    """Takes pushed messages.

    Raises, in each of its methods, `RequestProblemError` for what is not believed, and `DatabaseUnavailableError` where
    nothing could be written: whoever pushes does so again.
    """

    def __init__(self, doors: ServiceDoors) -> None:
        self._doors = doors
        self._signatures = SnsSignatures(doors.incoming.topics, doors.incoming.fetch)

    def sns(self, body: bytes) -> dict[str, int]:
        """A message of SNS; what became of it."""
        if not self._doors.incoming.topics:
            raise RequestProblemError(404, "nothing is taken from SNS here; SNS_TOPICS names the topics")
        message = _object(body)
        now = self._doors.clock()
        try:
            at = self._signatures.check(message, now)
        except ForgedMessageError as error:
            self._doors.metrics.refused("signature")
            log.warning("a message that claims to be of SNS was refused", error=error)
            raise RequestProblemError(403, str(error)) from None
        except CertificateUnavailableError as error:
            headers = {"retry-after": str(RETRY_AFTER)}
            raise RequestProblemError(503, str(error), headers=headers) from None
        if message["Type"] == "SubscriptionConfirmation":
            self._confirm(message)
        # The moment of SNS, not that of its arrival: a message that comes twice is about the same object.
        announcement = parse_announcement(body, announced_at=at)
        return self._counted(accept(self._doors.inbox, announcement, now=now, source=_SNS), _SNS)

    def eventbridge(self, body: bytes, key: str | None) -> dict[str, int]:
        """An event of EventBridge, which carries the time of what it tells; what became of it."""
        expected = self._doors.incoming.eventbridge_secret
        if expected is None:
            raise RequestProblemError(404, "nothing is taken from EventBridge here; EVENTBRIDGE_SECRET opens this")
        if key is None or not same_secret(key, expected):
            self._doors.metrics.refused("secret")
            log.warning("a message that claims to be of EventBridge was refused", error="X-Api-Key is not the secret")
            raise RequestProblemError(403, "X-Api-Key is not EVENTBRIDGE_SECRET")
        _object(body)
        announcement = parse_announcement(body)
        accepted = accept(self._doors.inbox, announcement, now=self._doors.clock(), source=_EVENTBRIDGE)
        return self._counted(accepted, _EVENTBRIDGE)

    def _confirm(self, message: dict[str, Any]) -> None:
        """Answer SNS that its messages are wanted; its address is signed, and held against SNS' names all the same."""
        address = message["SubscribeURL"]
        if not is_sns_address(address):
            raise RequestProblemError(403, "SubscribeURL is no address of SNS")
        try:
            self._doors.incoming.fetch(address)
        except OSError as error:
            headers = {"retry-after": str(RETRY_AFTER)}
            raise RequestProblemError(
                503, f"the subscription could not be confirmed: {error}", headers=headers
            ) from error
        log.info("a subscription was confirmed", topic=message["TopicArn"])

    def _counted(self, accepted: Accepted, source: str) -> dict[str, int]:
        added = accepted.added
        self._doors.metrics.announced(source, added.new)
        return {
            "new": added.new,
            "known": added.known,
            "skipped": sum(accepted.skipped.values()),
            "dead_letters": added.dead_letters,
        }


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise RequestProblemError(400, f"the body is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise RequestProblemError(400, "the body is no JSON object")
    return value
