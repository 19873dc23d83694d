"""Something that is done again and again from a thread, while something else goes on."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def meanwhile(name: str, every: float, call: Callable[[], object]) -> Iterator[None]:
    """Call every so many seconds while the block runs, and not after it; the thread has this name.

    What the call raises would end the thread without a word: it has to deal with its own failures.
    """
    done = threading.Event()

    def repeat() -> None:
        while not done.wait(every):
            call()

    thread = threading.Thread(target=repeat, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
