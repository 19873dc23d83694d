"""A program to be measured: a process of its own that does one piece of work each time it is asked.

Asker and program speak JSON lines over the program's standard streams. Programs stay up between
questions, so the work of several can be interleaved while each is warm. The kernel keeps each
process's peak memory, and nothing runs beside the work.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

#: One piece of work: arguments by name in, facts to tell out.
Work = Callable[..., "Mapping[str, Any] | None"]

ROOT = Path(__file__).resolve().parents[2]
_MIB = 1024 * 1024
_STOP_SECONDS = 30


class WorkFailedError(Exception):
    """A program could not do what it was asked; the message is what it said."""


@dataclass(frozen=True)
class Sample:
    """One run: seconds on the clock and of all its processors, peak resident MiB by kind of process, and
    whatever else the program told."""

    seconds: float
    cpu: float
    peaks: Mapping[str, float]
    told: Mapping[str, Any]


class Contestant:
    """A running program."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def run(self, work: str, **arguments: object) -> Sample:
        """Do one piece of work.

        Raises:
            WorkFailedError: it raised there, or the program ended.
        """
        processes = self._processes()
        for process in processes:
            _forget_peak(process)
        before = sum(map(_cpu, processes))
        answer = self._ask({"work": work, **arguments})
        cpu = sum(map(_cpu, self._processes())) - before
        peaks: dict[str, float] = {}
        for process in self._processes():
            kind = _kind(process, self._process.pid)
            peaks[kind] = max(peaks.get(kind, 0.0), _peak(process))
        return Sample(answer["seconds"], cpu, peaks, answer["told"])

    def _ask(self, question: Mapping[str, object]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise WorkFailedError(f"the program ended with exit code {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise WorkFailedError(answer["error"])
        return answer

    def _processes(self) -> list[psutil.Process]:
        parent = psutil.Process(self._process.pid)
        return [parent, *parent.children(recursive=True)]


@contextmanager
def started(command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None) -> Iterator[Contestant]:
    """Start a program and end it; what it says beside its answers goes to the file `log`."""
    with log.open("w") as noise:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=noise,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})},
        )
        try:
            yield Contestant(process)
        finally:
            for stream in (process.stdin, process.stdout):
                assert stream is not None
                with suppress(BrokenPipeError):
                    stream.close()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def our_python(module: str, *arguments: str) -> list[str]:
    """The command that starts one of the programs of this folder in this environment."""
    return [sys.executable, "-m", f"tests.bench.programs.{module}", *arguments]


def serve(prepare: Callable[[], Mapping[str, Work]]) -> None:
    """Answer until the asker hangs up: the program's side.

    `prepare` starts what is needed and names the works. What a work returns is told along with its
    seconds; a work that measures a part of itself returns those as `seconds`.
    """
    answers = _standard_output_for_answers()  # before anything that prints is started
    works = prepare()
    for line in sys.stdin:
        question = json.loads(line)
        start = time.perf_counter()
        try:
            told = works[question.pop("work")](**question)
        except Exception as error:  # noqa: BLE001 - the asker decides what a failure means
            answer: dict[str, Any] = {"error": f"{type(error).__name__}: {error}"[:2000]}
        else:
            seconds = time.perf_counter() - start
            told = dict(told or {})
            answer = {"seconds": told.pop("seconds", seconds), "told": told}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _standard_output_for_answers() -> IO[str]:
    """The real standard output; whatever else prints there is sent to standard error."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return answers


def _kind(process: psutil.Process, root: int) -> str:
    with suppress(psutil.Error):
        if process.name() == "java":
            return "executor JVM" if "CoarseGrainedExecutorBackend" in " ".join(process.cmdline()) else "driver JVM"
        return "driver" if process.pid == root else "task"
    return "gone"


def _cpu(process: psutil.Process) -> float:
    """Processor seconds of a process and of those children that have ended."""
    with suppress(psutil.Error):
        times = process.cpu_times()
        return float(times.user + times.system + times.children_user + times.children_system)
    return 0.0


def _forget_peak(process: psutil.Process) -> None:
    """Make the kernel start this process's peak anew (Linux: writing 5 to clear_refs)."""
    with suppress(OSError):
        Path(f"/proc/{process.pid}/clear_refs").write_text("5", encoding="ascii")


def _peak(process: psutil.Process) -> float:
    """Peak resident memory in MiB since `_forget_peak`; where the kernel does not tell, what is resident now."""
    with suppress(OSError):
        for line in Path(f"/proc/{process.pid}/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    with suppress(psutil.Error):
        return float(process.memory_info().rss) / _MIB
    return 0.0
