"""Threads that are none, so that a schedule runs the same way each time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any


class OneThread(Executor):
    """Does at once what it is given."""

    def __init__(self, _threads: int = 1) -> None:
        pass

    def submit(self, call: Callable[..., Any], /, *args: Any, **named: Any) -> Future[Any]:  # noqa: ANN401
        future: Future[Any] = Future()
        try:
            future.set_result(call(*args, **named))
        except Exception as error:  # noqa: BLE001  as a thread has it; who asks for the result gets it
            future.set_exception(error)
        return future
