"""Who may ask, and how often."""

from __future__ import annotations

import base64
import binascii
import hmac
import math
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from starlette.datastructures import Headers

from service.problems import RETRY_AFTER, RequestProblemError, problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Receive, Scope, Send

    from service.doors import Access
    from service.metrics import ServiceMetrics

#: Set in the scope of a request that comes when too many are there.
CROWDED: Final = "service.crowded"
#: Probes ask without a token, and what comes in at hooks proves itself in its own way.
_OPEN: Final = ("/healthz", "/readyz")
_HOOKS: Final = "/hooks/"
_LOCAL_NAMES: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
#: Addresses whose requests are counted at a time.
_MOST_CALLERS: Final = 10_000


class Callers:
    """Lets those through who may ask."""

    def __init__(self, app: ASGIApp, access: Access, metrics: ServiceMetrics, seconds: Callable[[], float]) -> None:
        self._app, self._access, self._metrics = app, access, metrics
        self._rates = Rates(access.per_second, seconds)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        refusal = self._refusal(scope) if scope["type"] == "http" else None
        if refusal is None:
            await self._app(scope, receive, send)
            return
        reason, error = refusal
        self._metrics.refused(reason)
        await problem(error)(scope, receive, send)

    def _refusal(self, scope: Scope) -> tuple[str, RequestProblemError] | None:
        headers, path = Headers(scope=scope), scope["path"]
        host = headers.get("host", "")
        if self._access.local_only and _without_port(host) not in _LOCAL_NAMES:
            detail = f"the name {host[:100]!r} is not one of this machine's; ask 127.0.0.1, or set SERVE_TOKEN"
            return "host", RequestProblemError(421, detail)
        if path in _OPEN:
            return None
        if scope.get(CROWDED):
            detail = f"too many connections are open; nothing was done, ask again in {RETRY_AFTER} seconds"
            then = {"retry-after": str(RETRY_AFTER), "connection": "close"}
            return "crowd", RequestProblemError(503, detail, headers=then)
        wait = self._rates.ask((scope.get("client") or ("",))[0])
        if wait > 0:
            detail = f"more than {self._access.per_second:g} requests a second come from this address; come slower"
            return "rate", RequestProblemError(429, detail, headers={"retry-after": str(math.ceil(wait))})
        if path.startswith(_HOOKS) or self._access.token is None or _proves(headers, self._access.token):
            return None
        detail = "no valid token came with the request; expected `Authorization: Bearer TOKEN`, or it as a password"
        return "token", RequestProblemError(401, detail, headers={"www-authenticate": 'Basic realm="pipeline"'})


class Rates:
    """How many requests each address may still make: a bucket that fills by `per_second` up to twice that."""

    def __init__(self, per_second: float, seconds: Callable[[], float]) -> None:
        self._per_second, self._most = per_second, max(2 * per_second, 1.0)
        self._seconds = seconds
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def ask(self, address: str) -> float:
        """Take one request; the seconds to wait where there is none left, else 0."""
        now = self._seconds()
        left, at = self._left.pop(address, (self._most, now))
        left = min(self._most, left + (now - at) * self._per_second)
        wait = 0.0 if left >= 1 else (1 - left) / self._per_second
        self._left[address] = (left if wait else left - 1, now)
        if len(self._left) > _MOST_CALLERS:
            self._left.popitem(last=False)
        return wait


def same_secret(given: str, expected: str) -> bool:
    """Compare in a time that does not tell how much of it is right."""
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), expected.encode())


def _proves(headers: Headers, token: str) -> bool:
    kind, _, given = headers.get("authorization", "").partition(" ")
    match kind.lower():
        case "bearer":
            return same_secret(given.strip(), token)
        case "basic":
            try:
                decoded = base64.b64decode(given, validate=True).decode("utf-8", "surrogateescape")
            except (binascii.Error, ValueError):
                return False
            return same_secret(decoded.partition(":")[2], token)
        case _:
            return False


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdigit() else host).lower()
