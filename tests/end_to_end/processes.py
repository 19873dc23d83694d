"""What tests of jobs in processes of their own share."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
from sqlalchemy import text

if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Iterator

    from tests.end_to_end.landing import Landing

_ROOT = Path(__file__).parents[2]
START_SECONDS = 180.0
VERDICT_SECONDS = 120.0


def wait_for(condition: Callable[[], object], seconds: float, what: str) -> None:
    """Wait until a condition holds, at most so many seconds: longer means that it never will."""
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < seconds, f"{what}: not within {seconds} s"
        time.sleep(0.05)


def inherited() -> dict[str, str]:
    """What a shell would hand on, and that a JVM of a test lives too short for its second compiler."""
    names = ("PATH", "HOME", "JAVA_HOME", "TZ", "SPARK_SUBMIT_OPTS")
    return {name: os.environ[name] for name in names if name in os.environ}


@contextmanager
def blocked_verdicts(landing: Landing) -> Iterator[None]:
    """Nobody can write a verdict while the block runs: who has claimed rows holds them."""
    with landing.database.connect() as connection:
        connection.execute(text("LOCK TABLE reporting.monitoring_file_data_quality IN ACCESS EXCLUSIVE MODE"))
        yield
        connection.rollback()


class Watch:
    """A running watch_files."""

    def __init__(self, variables: dict[str, str], folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self._log = folder / "stderr.log"
        self._file = self._log.open("w")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "jobs.cli", "watch_files"],
            cwd=_ROOT,
            env={**inherited(), **variables},
            stderr=self._file,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )

    def log(self) -> list[dict[str, Any]]:
        lines = self._log.read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]

    def all_of_it(self) -> str:
        """Everything on its stderr."""
        return self._log.read_text()

    def finished(self) -> list[int]:
        """How many objects got their verdict, batch by batch."""
        return [line.get("done", 0) for line in self.log() if line["message"] == "batch finished"]

    def says(self, message: str) -> bool:
        assert self.process.poll() is None, self._log.read_text()[-3000:]
        return any(message in line["message"] for line in self.log())

    def kill_spark_s_python_processes(self) -> None:
        """Kill the stream's reader, and the workers."""
        killed = 0
        for jvm in psutil.Process(self.process.pid).children():
            for one in jvm.children(recursive=True):
                with contextlib.suppress(psutil.NoSuchProcess):  # the child of one that was killed before
                    if "python" in one.name():
                        one.kill()
                        killed += 1
        assert killed

    def kill_spark_s_jvm(self) -> None:
        """Kill the JVM, and leave this process alone."""
        (jvm,) = (one for one in psutil.Process(self.process.pid).children() if one.name() == "java")
        jvm.kill()

    def kill(self) -> None:
        """End it and all it started as a machine does that loses its power."""
        everything = [*psutil.Process(self.process.pid).children(recursive=True), psutil.Process(self.process.pid)]
        for one in everything:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        self.process.wait()

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(60)

    def end_group(self, number: signal.Signals) -> int:
        """Send a signal to it and to all of its group."""
        os.killpg(self.process.pid, number)
        return self.process.wait(60)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._file.close()
