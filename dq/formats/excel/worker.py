"""The processes that read workbooks, as their parent sees them: asked, waited for, ended, and kept for the next one."""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any, cast

from dq.errors import UnreadableFileError
from dq.formats.byte_source import ByteSource, chunks
from dq.formats.excel.child import Request
from dq.formats.limits import Limits

_MIB = 1024 * 1024
_PIECE = _MIB
_HEAD = 64 * 1024
#: Seconds that a process takes at most to end once it sends nothing any more.
_ENDING = 10
#: Kept for the next workbook, at most; each holds some 20 MB.
_MOST_IDLE = 8
#: Sees to its own modules, whatever made ours importable; no start-up file of the user has a say.
_PROGRAM = "import sys, json; sys.path[:] = json.loads(sys.argv[1]); from dq.formats.excel.child import main; main()"
#: Ends that are the file's fault: the library ran out of memory or stack, or fell over it.
_FAULTS = {signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS, signal.SIGILL}


@dataclass(frozen=True, slots=True)
class Frame:
    """What a process sent: see `dq.formats.excel.child`."""

    head: dict[str, Any]
    body: memoryview


class _GoneError(Exception):
    """The process has ended, or was ended."""


class _NobodyThereError(Exception):
    """The process had ended by itself, as there was no work for it."""


class Worker:
    """One process. It is asked for one workbook at a time."""

    def __init__(self) -> None:
        """Start it; in a session of its own, so that a Ctrl-C meant for this program does not end it in its work."""
        path = [entry or str(Path.cwd()) for entry in sys.path]
        process = subprocess.Popen(  # noqa: S603 - this interpreter, with a program of ours
            [sys.executable, "-I", "-S", "-c", _PROGRAM, json.dumps(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        )
        self._process = process
        self._input, self._output, self._said = (
            cast("IO[bytes]", pipe) for pipe in (process.stdin, process.stdout, process.stderr)
        )
        self._held = b""
        os.set_blocking(self._input.fileno(), False)
        self._patience = 0.0
        self.stays = True

    def frames(self, source: ByteSource, request: Request) -> Iterator[Frame]:
        """Have a workbook read, frame by frame; raises UnreadableFileError where that goes beyond a limit.

        Raises MemoryError, or RuntimeError, where the process was ended by somebody else.
        """
        self._patience = float(request.seconds)
        try:
            self._send(json.dumps(asdict(request)).encode() + b"\n")
            for piece in chunks(source, 0, _PIECE):
                self._send(piece)
            while True:
                head = json.loads(self._line())
                if "end" in head:
                    self.stays = head["stays"]
                    return
                yield Frame(head, self._receive(head["size"]))
        except _GoneError:
            raise self._fault(request) from None

    def is_there(self) -> bool:
        """Tell whether it still runs: it ends by itself after a while without work."""
        return self._process.poll() is None

    def stop(self) -> None:
        """End it, now."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._input, self._output, self._said):
            pipe.close()

    def _send(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            began = time.monotonic()
            _, ready, _ = select.select([], [self._input], [], max(self._patience, 0))
            self._patience -= time.monotonic() - began
            if not ready:
                raise _GoneError
            try:
                view = view[os.write(self._input.fileno(), view) :]
            except BrokenPipeError:
                raise _GoneError from None

    def _line(self) -> bytes:
        while b"\n" not in self._held:
            self._held += self._more(_HEAD)
        line, _, self._held = self._held.partition(b"\n")
        return line

    def _receive(self, size: int) -> memoryview:
        pieces = [self._held[:size]]
        self._held = self._held[size:]
        missing = size - len(pieces[0])
        while missing:
            pieces.append(self._more(missing))
            missing -= len(pieces[-1])
        return memoryview(b"".join(pieces))

    def _more(self, most: int) -> bytes:
        """Wait for what comes next, no longer than patience lasts: only this waiting counts."""
        began = time.monotonic()
        ready, _, _ = select.select([self._output], [], [], max(self._patience, 0))
        self._patience -= time.monotonic() - began
        if not ready:
            raise _GoneError
        data = os.read(self._output.fileno(), min(most, _PIECE))
        if not data:
            raise _GoneError
        return data

    def _fault(self, request: Request) -> Exception:
        """Say why there is nothing more to be had."""
        if self._patience > 0:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_ENDING)
        code, said = self._process.poll(), b""
        if code is not None:
            said = os.read(self._said.fileno(), _HEAD)
        if code is None or code == -signal.SIGXCPU:
            return UnreadableFileError(too_slow(request.seconds))
        if code == 0:
            return _NobodyThereError()
        if -code in _FAULTS and b"memory" in said:
            return UnreadableFileError(too_large(request.memory))
        if -code in _FAULTS:
            return UnreadableFileError(broken("its reader fell over it"))
        if code == -signal.SIGKILL:
            return MemoryError("the process that read a workbook was ended from outside")
        last_words = said[-300:].decode(errors="replace")
        return RuntimeError(f"the process that reads workbooks ended with {code}: {last_words}")


def too_slow(seconds: int) -> str:
    """Say that reading takes too long."""
    return (
        f"reading the workbook takes more than {seconds:,} seconds, the most it may; save it again without what is no "
        "data, or as CSV"
    )


def too_large(memory: int) -> str:
    """Say that reading takes too much memory."""
    return (
        f"reading the workbook takes more than {memory // _MIB:,} MiB of memory, the most it may: its cells are too "
        "many, lie too far apart or hold too much text, or it is a decompression bomb"
    )


def broken(reason: str) -> str:
    """Say that a workbook cannot be read."""
    return f"the workbook cannot be read ({reason}); save it again and resend it"


def frames_of(
    source: ByteSource, sheet: str | None, limits: Limits, cell: tuple[int, int] | None = None
) -> Generator[Frame]:
    """Have a workbook, or one cell, read by a process of its own; it is kept for the next one if nothing went wrong."""
    request = Request(
        size=source.size,
        sheet=sheet,
        cells=limits.cells,
        columns=limits.columns,
        memory=limits.memory,
        seconds=limits.seconds,
        cell=cell,
    )
    idle = _idle_of(os.getpid())
    try:
        yield from _asked(idle.take(), source, request, idle)
    except _NobodyThereError:
        yield from _asked(Worker(), source, request, idle)


def _asked(worker: Worker, source: ByteSource, request: Request, idle: _Idle) -> Iterator[Frame]:
    stays = False
    try:
        yield from worker.frames(source, request)
        stays = worker.stays
    finally:
        if stays:
            idle.give_back(worker)
        else:
            worker.stop()


class _Idle:
    """Processes without work."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._workers: list[Worker] = []

    def take(self) -> Worker:
        """Take one that is there, or start one."""
        while True:
            with self._lock:
                worker = self._workers.pop() if self._workers else None
            if worker is None:
                return Worker()
            if worker.is_there():
                return worker
            worker.stop()

    def give_back(self, worker: Worker) -> None:
        """Keep one for the next workbook."""
        with self._lock:
            if len(self._workers) < _MOST_IDLE:
                self._workers.append(worker)
                return
        worker.stop()

    def stop_all(self) -> None:
        """End them all."""
        while self._workers:
            self._workers.pop().stop()


@cache
def _idle_of(_process: int) -> _Idle:
    """Give the idle processes of this process; those of the one it was forked from are not its own."""
    idle = _Idle()
    atexit.register(idle.stop_all)
    return idle
