"""What browsers are told of every answer, and how long each took."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.datastructures import MutableHeaders

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from service.metrics import ServiceMetrics

#: Of answers that say nothing else: nothing is loaded, nothing is run, nobody may frame them. `no-cache` means that
#: what is kept is asked for by its ETag.
_HEADERS: Final = {
    "content-security-policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "private, no-cache",
}


class Answers:
    """Adds the headers and counts the request, by the route that answered it."""

    def __init__(self, app: ASGIApp, metrics: ServiceMetrics, seconds: Callable[[], float]) -> None:
        self._app, self._metrics, self._seconds = app, metrics, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["method"] == "HEAD":  # what GET answers; the server sends no body for it
            scope = {**scope, "method": "GET"}
        status = 500

        async def with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        number = self._metrics.begun(self._seconds())
        try:
            await self._app(scope, receive, with_headers)
        finally:
            # Methods are counted by the routes there are: any caller can make up more of them.
            route = getattr(scope.get("route"), "path", None)
            method = scope["method"] if route is not None else "any"
            self._metrics.ended(number, route or "other", method, status, self._seconds())
