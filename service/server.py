"""The server below the service: uvicorn, as it is used here."""

from __future__ import annotations

import signal
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from etl_core.errors import SettingsError
from service.guarding.callers import CROWDED

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterator, Sequence

    from starlette.types import ASGIApp, Receive, Scope, Send
    from uvicorn.protocols.http.h11_impl import RequestResponseCycle

#: Connections at a time; whoever comes then is told to come again.
_MOST_CONNECTIONS: Final = 512
#: Seconds for an idle connection, and for what is being answered when the service ends.
_KEEP_ALIVE: Final = 15
_LAST_ANSWERS: Final = 20
#: Seconds for a request's header to be whole, from the connection or from its first byte on.
_HEADER: Final = 10
_WAITING: Final = 2048


class _PromptProtocol(H11Protocol):
    """HTTP/1.1 that closes a connection on which no header comes: some hundred of them would shut all others out."""

    _header_due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to wait."""
        super().connection_made(transport)
        self._wait_for_header()

    def data_received(self, data: bytes) -> None:
        """Go on waiting where this was not all of a header."""
        super().data_received(data)
        cycle: RequestResponseCycle | None = self.cycle  # there is none before the first request
        if cycle is None or cycle.response_complete:
            self._wait_for_header()
        else:
            self._wait_no_more()

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave no timer behind."""
        self._wait_no_more()
        super().connection_lost(exc)

    def _wait_for_header(self) -> None:
        if self._header_due is None:
            self._header_due = self.loop.call_later(_HEADER, self.transport.close)

    def _wait_no_more(self) -> None:
        if self._header_due is not None:
            self._header_due.cancel()
            self._header_due = None


class _Crowd:
    """Notes on each request whether there are too many connections, so that the service says so in its own words.

    uvicorn's own limit answers in plain text, and nobody hears when to come again.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.state = ServerState()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if max(len(self.state.connections), len(self.state.tasks)) > _MOST_CONNECTIONS:
            scope[CROWDED] = True
        await self._app(scope, receive, send)


class _Server(uvicorn.Server):
    """A server whose end by a signal is the end of `run`, not that of the process: the job has a line to write."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Have the first signal end the service in peace, the second at once."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens at an address; `port` 0 for any.

    Raises:
        SettingsError: the address is none of this machine's, or somebody else listens there.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=_WAITING)
    except socket.gaierror as error:
        problem = f"SERVE_HOST: {host} is no address ({error.strerror}); expected one of this machine"
    except OSError as error:
        problem = (
            f"SERVE_PORT: {host}:{port} cannot be listened at ({error.strerror}); is something else there already?"
        )
    raise SettingsError("settings", [problem])


def make_server(app: ASGIApp, *, proxies: Sequence[str] = ()) -> uvicorn.Server:
    """A server that `run` starts on sockets of `listen`.

    SIGTERM and Ctrl-C end it when what it is answering is answered.

    Args:
        app: of `make_app`.
        proxies: whose word on the caller's address is taken.
    """
    crowd = _Crowd(app)
    server = _Server(
        uvicorn.Config(
            crowd,
            http=_PromptProtocol,
            access_log=False,
            date_header=True,
            forwarded_allow_ips=",".join(proxies),
            log_config=None,
            loop="asyncio",
            proxy_headers=bool(proxies),
            server_header=False,
            timeout_graceful_shutdown=_LAST_ANSWERS,
            timeout_keep_alive=_KEEP_ALIVE,
            ws="none",
        )
    )
    crowd.state = server.server_state
    return server
