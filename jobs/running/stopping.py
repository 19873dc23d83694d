"""Ctrl-C and SIGTERM as a request: the batch at hand is finished, then the job ends."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType, TracebackType

    from typing_extensions import Self

log = structlog.get_logger()

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
#: How long the batch at hand may take to finish; schedulers kill a process half a minute after they ask.
_PATIENCE_SECONDS = 20


@contextmanager
def sigterm_interrupts() -> Iterator[None]:
    """Have SIGTERM interrupt what the block does, as Ctrl-C does, rather than end the process where it stands.

    What has to be told, given back or taken away on the way out is. In the main thread only.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL if before is None else before)


class StopRequest:
    """Whether somebody asked the job to end. A second request, or the end of patience, interrupts what it is doing.

    Signals are handled while the `with` block runs, in the main thread only; elsewhere (tests,
    notebooks) `set` asks.
    """

    def __init__(self) -> None:
        self._event = threading.Event()
        self._before: dict[signal.Signals, object] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.getsignal(number) for number in (*_SIGNALS, signal.SIGALRM)}
            self.listen()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before:
            signal.alarm(0)
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def listen(self) -> None:
        """Take the signals (again): starting Spark puts a handler of its own in place."""
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                signal.signal(number, self._on_signal)
            signal.signal(signal.SIGALRM, self._on_signal)

    def set(self) -> None:
        """Ask the job to end."""
        self._event.set()

    def is_set(self) -> bool:
        """Whether the job was asked to end."""
        return self._event.is_set()

    def wait(self, seconds: float) -> bool:
        """Sleep, unless somebody asks before; whether somebody did."""
        return self._event.wait(seconds)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        del frame
        if self._event.is_set():
            raise KeyboardInterrupt
        self._event.set()
        signal.alarm(_PATIENCE_SECONDS)
        log.warning("stopping after the batch at hand", signal=signal.Signals(number).name)
