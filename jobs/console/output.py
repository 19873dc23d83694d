"""A stdout whose reader may go: `... --repair | head -1` repairs all the same."""

from __future__ import annotations

import io
import os
import sys


class LastingOutput(io.TextIOWrapper):
    """Text for a reader; when that is gone, what is still written goes nowhere, and the job goes on."""

    def write(self, text: str) -> int:
        """Write the text, as far as anybody reads it."""
        try:
            return super().write(text)
        except BrokenPipeError:
            self._let_go()
            return len(text)

    def flush(self) -> None:
        """Hand over what was written."""
        try:
            super().flush()
        except BrokenPipeError:
            self._let_go()
            super().flush()  # what is still held, or the next flush would find the pipe in the file's place

    def _let_go(self) -> None:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.fileno())
        os.close(nowhere)


def outlast_reader() -> None:
    """Let this process' stdout outlast who reads it; a stdout that somebody put in its place is left alone."""
    now = sys.stdout
    if type(now) is io.TextIOWrapper and now is sys.__stdout__:
        form = {"encoding": now.encoding, "errors": now.errors, "line_buffering": now.line_buffering}
        sys.stdout = sys.__stdout__ = LastingOutput(now.detach(), **form)  # type: ignore[misc, arg-type]  # as it was
