"""What can go wrong while an application is read, by what somebody can do about it."""

from __future__ import annotations

from etl_core.errors import ProblemsError, RetryableError, TerminalError


class ApiSourceError(ProblemsError):
    """The file of a source cannot be used; all that is wrong with it."""


class ApiRefusedError(TerminalError):
    """The application refuses a request for good, or the request must not be made."""

    def __init__(self, message: str, status: int | None = None) -> None:
        """Keep the status of HTTP, where there is one."""
        super().__init__(message)
        self.status = status


class ApiUnavailableError(RetryableError):
    """The application does not answer within the time there is, or asks to come back later."""


class UnsettledError(RetryableError):
    """Records changed so often while their pages were read that no reading of all of them was whole."""


class PageError(TerminalError):
    """An answer is not what the source's file declares.

    Attributes:
        request: the request as it may be shown.
        body: the answer's text, cut short where it is long.
    """

    def __init__(self, message: str, request: str = "", body: str = "") -> None:
        """Keep what goes to the dead letters."""
        super().__init__(message)
        self.request, self.body = request, body

    def of(self, request: str, body: str) -> PageError:
        """The same, told of the answer it is about."""
        return PageError(str(self), request, body)
