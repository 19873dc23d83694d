"""Asking an application: signed in, within the budget, again where that may help, and no longer than there is time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog

from etl_core.log.redaction import Redaction
from etl_core.retry import Backoff
from pipelines.api_ingestion.errors import ApiRefusedError, ApiUnavailableError
from pipelines.api_ingestion.http.answer import Request, origin, with_params
from pipelines.api_ingestion.http.rate_budget import RateBudget
from pipelines.api_ingestion.http.retry_after import retry_after
from pipelines.api_ingestion.http.sign_in import SignIn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from pipelines.api_ingestion.http.answer import Answer, Transport
    from pipelines.api_ingestion.source.api_source import ApiSource

log = structlog.get_logger()

_BACKOFF: Final = Backoff(first=0.5, factor=2.0, longest=60.0)
_AGAIN: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
#: Those that ask everybody to wait, not only who made the request.
_BUSY: Final = frozenset({429, 503})
_OK: Final = range(200, 300)
_UNAUTHORIZED: Final = 401
_EXCERPT: Final = 200


@dataclass(frozen=True, slots=True)
class Passing:
    """Time as it is counted and spent.

    Attributes:
        clock: gives the aware present.
        passed: counts seconds.
        sleep: waits so many; where it gives True, somebody asked to stop.
        chance: draws a number from 0 to 1, which spreads waits.
    """

    clock: Callable[[], datetime]
    passed: Callable[[], float]
    sleep: Callable[[float], object]
    chance: Callable[[], float]


class ApiClient:
    """Asks the application of one source; several threads may.

    Args:
        source: which.
        transport: makes one request.
        values: variables of the environment, with the secrets that the source names.
        time: passes.
        counted: told the status of each answer, or `none`.

    Raises:
        SettingsError: variables that the source names are not set.
    """

    def __init__(
        self,
        source: ApiSource,
        transport: Transport,
        values: Mapping[str, str],
        time: Passing,
        counted: Callable[[str], object] = lambda _status: None,
    ) -> None:
        self._source, self._transport, self._time, self._counted = source, transport, time, counted
        limit = source.rate_limit
        self._budget = RateBudget(limit.requests, limit.per.total_seconds(), time.passed, time.sleep)
        self._sign_in = SignIn(source.auth, values, self._asked, time.passed)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The texts that may appear nowhere."""
        return self._sign_in.secrets

    def get(self, url: str) -> Answer:
        """Ask for an address of the application's own.

        Raises:
            ApiUnavailableError: it does not answer in time.
            ApiRefusedError: it refuses, for good.
            PageError: the answer is too large.
        """
        try:
            return self._asked(self._signed(url))
        except ApiRefusedError as error:
            if error.status != _UNAUTHORIZED or not self._sign_in.forget():
                raise
        return self._asked(self._signed(url))

    def masked(self, text: str) -> str:
        """The text without secrets."""
        return Redaction(self.secrets).text(text)

    def _signed(self, url: str) -> Request:
        if origin(url) != origin(self._source.base_url):
            raise ApiRefusedError(f"{Request(url).shown}: it is no address of {self._source.base_url}")
        credentials = self._sign_in()
        return Request(with_params(url, credentials.params) if credentials.params else url, credentials.headers)

    def _asked(self, request: Request) -> Answer:
        """Make a request until it is answered for good, or there is no time left."""
        time = self._time
        ends = time.passed() + self._source.limits.deadline.total_seconds()
        attempt = 0
        while True:
            attempt += 1
            self._budget.take()
            wait: float | None = None
            try:
                answer = self._transport(request)
                self._counted(str(answer.status))
                if answer.status in _OK:
                    return answer
                failed: ApiUnavailableError = self._failed(request, answer)
                wait = retry_after(answer.headers, time.clock())
                if wait is not None and answer.status in _BUSY and time.passed() + wait < ends:
                    self._budget.pause(wait)
            except ApiUnavailableError as error:
                self._counted("none")
                failed = error
            backoff = _BACKOFF.wait(attempt, time.chance()).total_seconds()
            # Whoever was told the same moment comes back spread over some of it.
            seconds = backoff if wait is None else wait + min(backoff, 1.0 + wait / 10) * time.chance()
            if time.passed() + seconds >= ends:
                asked = "" if wait is None else f"; it asks to wait {wait:g} s"
                raise type(failed)(f"{failed}{asked}; {attempt} attempts were made, and the time is up")
            log.info("asking again", request=request.shown, attempt=attempt, seconds=round(seconds, 1), error=failed)
            if time.sleep(seconds) is True:
                raise failed

    def _failed(self, request: Request, answer: Answer) -> ApiUnavailableError:
        """An answer that may be another one later.

        Raises:
            ApiRefusedError: it will be the same.
        """
        text = self.masked(" ".join(answer.body[: 4 * _EXCERPT].decode("utf-8", "replace").split()))
        excerpt = text if len(text) <= _EXCERPT else f"{text[:_EXCERPT]}…"
        said = f"{request.shown}: status {answer.status}" + (f", {excerpt}" if excerpt else "")
        if answer.status in _AGAIN:
            return ApiUnavailableError(said)
        raise ApiRefusedError(said, answer.status)
