"""How much a request may carry, and how long its sender may take over it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio
from starlette.datastructures import Headers

from service.problems import RequestProblemError, problem

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from service.metrics import ServiceMetrics


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """Bytes of a body, and seconds until it has to be there.

    A message of SNS or EventBridge has at most 256 KiB, which its envelope may double.
    """

    most_bytes: int = 1024 * 1024
    seconds: float = 20.0


class _TooLargeError(Exception):
    """More came than is taken."""


class _GoneError(Exception):
    """The sender went away."""


class Bodies:
    """Reads a body before anybody works on it; whoever sends too much, or too slowly, is told so."""

    def __init__(self, app: ASGIApp, metrics: ServiceMetrics, limits: BodyLimits) -> None:
        self._app, self._metrics, self._limits = app, metrics, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limits = self._limits
        try:
            with anyio.fail_after(limits.seconds):
                body = await _read(receive, _announced(scope), limits.most_bytes)
        except _TooLargeError:
            detail = f"the body has more than {limits.most_bytes} bytes; send less at a time"
            await self._refuse("size", RequestProblemError(413, detail), scope, receive, send)
            return
        except TimeoutError:
            detail = f"the body was not there after {limits.seconds:g} seconds; send it at once"
            await self._refuse("time", RequestProblemError(408, detail), scope, receive, send)
            return
        except _GoneError:
            return
        given = False

        async def replay() -> Message:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, replay, send)

    async def _refuse(
        self, reason: str, error: RequestProblemError, scope: Scope, receive: Receive, send: Send
    ) -> None:
        self._metrics.refused(reason)
        error.headers["connection"] = "close"  # what else it sends is read by nobody
        await problem(error)(scope, receive, send)


def _announced(scope: Scope) -> int:
    length = Headers(scope=scope).get("content-length", "0")
    return int(length) if length.isascii() and length.isdigit() else 0


async def _read(receive: Receive, announced: int, most: int) -> bytes:
    if announced > most:
        raise _TooLargeError
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _GoneError
        body += message.get("body", b"")
        if len(body) > most:
            raise _TooLargeError
        if not message.get("more_body", False):
            return bytes(body)
