"""What can go wrong with a stream of records, by what somebody can do about it."""

from __future__ import annotations

from etl_core.errors import ProblemsError, RetryableError, TerminalError, UsageError


class FlowError(ProblemsError):
    """A flow file has mistakes; all of them are listed."""


class RecordsLostError(TerminalError):
    """Records are gone from a topic before this flow has read them; somebody has to accept that, by name."""


class KafkaUnavailableError(RetryableError):
    """The broker does not answer; trying again may help."""


class KafkaRefusedError(UsageError):
    """The broker does not let us: a topic that is not there, a right that is missing, a password it does not take."""


class NoSuchTopicError(KafkaRefusedError):
    """The brokers know no such topic; one that was just made they may know in a moment."""


class OtherReplayError(RetryableError):
    """Another process sends dead letters of this flow back at present."""


class StreamFailedError(RetryableError):
    """The stream broke for a reason that may pass; what was accounted for is kept."""
