"""Where events go: an endpoint of OpenLineage's, or a file of JSON Lines."""

from __future__ import annotations

import os
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import requests
from openlineage.client.serde import Serde
from openlineage.client.transport.http import ApiKeyTokenProvider, HttpConfig, HttpTransport, TokenProvider

from etl_core.errors import RetryableError, TerminalError
from operations.lineage.telling.as_openlineage import openlineage_events

if TYPE_CHECKING:
    from operations.lineage.events.run_event import RunEvent

#: Answers of 4xx that say nothing about the event: a key or an address that is wrong, or later, please.
_NOT_THE_EVENT: Final = frozenset(
    {
        *(HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED),
        *(HTTPStatus.PROXY_AUTHENTICATION_REQUIRED, HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY),
        HTTPStatus.TOO_MANY_REQUESTS,
    }
)


class EndpointAwayError(RetryableError):
    """Nothing can be told at present: no answer, or one that is not about the event."""


class EventRefusedError(TerminalError):
    """The endpoint does not take this event."""


class Sender(Protocol):
    """Tells events."""

    def send(self, event: RunEvent) -> None:
        """Tell of one run, in two events.

        Raises:
            EndpointAwayError: it was not told, at most the first half.
            EventRefusedError: it will never be.
        """

    def close(self) -> None:
        """Let go of what is open."""


class HttpSender:
    """Tells an endpoint, each event once: what does not get through is told by a later turn.

    Args:
        url: of the endpoint.
        key: that goes along, None without one.
        namespace: of jobs.
        seconds: how long one answer may take.
    """

    def __init__(self, url: str, key: str | None, namespace: str, seconds: float) -> None:
        session = requests.Session()
        session.max_redirects = 0  # a POST that is sent elsewhere is a GET there, and tells nothing
        self._namespace = namespace
        once = {"total": 0, "connect": 0, "read": 0, "status_forcelist": [], "allowed_methods": ["POST"]}
        auth = TokenProvider({}) if key is None else ApiKeyTokenProvider({"api_key": key})
        self._transport = HttpTransport(HttpConfig(url, timeout=seconds, auth=auth, session=session, retry=once))

    def send(self, event: RunEvent) -> None:
        """As `Sender` says."""
        try:
            for one in openlineage_events(event, self._namespace):
                self._transport.emit(one)
        except requests.HTTPError as error:
            status = HTTPStatus.BAD_GATEWAY if error.response is None else error.response.status_code
            raise _answered(status) from None
        except (requests.RequestException, OSError) as error:
            raise EndpointAwayError(f"OPENLINEAGE_URL does not answer: {type(error).__name__}") from None

    def close(self) -> None:
        """As `Sender` says."""
        self._transport.close()


def _answered(status: int) -> EndpointAwayError | EventRefusedError:
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return EndpointAwayError(f"OPENLINEAGE_URL answered {status}; look at OPENLINEAGE_API_KEY")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _NOT_THE_EVENT:
        return EndpointAwayError(f"OPENLINEAGE_URL answered {status}")
    return EventRefusedError(f"OPENLINEAGE_URL answered {status}")


class FileSender:
    """Appends to a file, events of a run in one write: what several processes tell does not mix."""

    def __init__(self, path: str, namespace: str) -> None:
        self._path, self._namespace = Path(path), namespace

    def send(self, event: RunEvent) -> None:
        """As `Sender` says."""
        told = "".join(f"{Serde.to_json(one)}\n" for one in openlineage_events(event, self._namespace))
        try:
            handle = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o640)
            try:
                _append(handle, told.encode())
            finally:
                os.close(handle)
        except OSError as error:
            raise EndpointAwayError(f"OPENLINEAGE_FILE cannot be written: {error.strerror}") from None

    def close(self) -> None:
        """As `Sender` says."""


def _append(handle: int, lines: bytes) -> None:
    """Write whole lines; behind half a line that somebody left, they begin a new one."""
    size = os.fstat(handle).st_size
    if size and os.pread(handle, 1, size - 1) != b"\n":
        lines = b"\n" + lines
    while lines:
        lines = lines[os.write(handle, lines) :]
