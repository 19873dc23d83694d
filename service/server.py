"""The server below the service: uvicorn, as it is used here."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import uvicorn

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fastapi import FastAPI

#: Connections at a time; whoever comes then is told to come again.
_MOST_CONNECTIONS: Final = 512
#: Seconds for an idle connection, and for what is being answered when the service ends.
_KEEP_ALIVE: Final = 15
_LAST_ANSWERS: Final = 20


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


def make_server(app: FastAPI, host: str, port: int, *, proxies: Sequence[str] = ()) -> uvicorn.Server:
    """A server that `run` starts; SIGTERM and Ctrl-C end it when what it is answering is answered.

    Args:
        app: of `make_app`.
        host: address to listen at.
        port: 0 for any.
        proxies: whose word on the caller's address is taken.
    """
    return _Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            access_log=False,
            date_header=True,
            forwarded_allow_ips=",".join(proxies),
            limit_concurrency=_MOST_CONNECTIONS,
            log_config=None,
            loop="asyncio",
            proxy_headers=bool(proxies),
            server_header=False,
            timeout_graceful_shutdown=_LAST_ANSWERS,
            timeout_keep_alive=_KEEP_ALIVE,
            ws="none",
        )
    )
