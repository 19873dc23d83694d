"""A real Spark cluster on this machine: a standalone master and two workers, each a process of its own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

_WORKERS = 2
_START_SECONDS = 60
_DEPLOY = "org.apache.spark.deploy"


@dataclass(frozen=True)
class SparkCluster:
    """Where the master listens, and the Python that the nodes have: one without any of our packages."""

    master: str
    node_python: str
    folder: Path


@pytest.fixture(scope="session")
def spark_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkCluster]:
    """Master and workers of one core each; they share nothing with this process but the machine."""
    from etl_core.spark.jars import spark_home  # noqa: PLC0415 - only tests of a cluster need it

    folder = tmp_path_factory.mktemp("cluster")
    port, web_port = _free_port(), _free_port()
    master = f"spark://127.0.0.1:{port}"
    spark_class = str(spark_home() / "bin" / "spark-class")
    with ExitStack() as processes:
        master_options = ["--host", "127.0.0.1", "--port", str(port), "--webui-port", str(web_port)]
        processes.enter_context(_started([spark_class, f"{_DEPLOY}.master.Master", *master_options], folder / "master"))
        worker_options = ["--host", "127.0.0.1", "--webui-port", "0", "--cores", "1", "--memory", "1g"]
        for name in ("worker-1", "worker-2"):
            place = ["--work-dir", str(folder / name / "work"), master]
            processes.enter_context(
                _started([spark_class, f"{_DEPLOY}.worker.Worker", *worker_options, *place], folder / name)
            )
        _wait_for_workers(web_port, folder)
        yield SparkCluster(master, _bare_python(), folder)


@contextmanager
def _started(command: list[str], folder: Path) -> Iterator[None]:
    """Run one daemon in the foreground as our child, so that we can end exactly it."""
    folder.mkdir()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_PUBLIC_DNS": "127.0.0.1",
        "SPARK_DAEMON_MEMORY": "256m",
        "SPARK_DAEMON_JAVA_OPTS": os.environ["SPARK_SUBMIT_OPTS"],
        **({"JAVA_HOME": os.environ["JAVA_HOME"]} if "JAVA_HOME" in os.environ else {}),
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_for_workers(web_port: int, folder: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{web_port}/json/", timeout=5) as answer:
                if json.load(answer)["aliveworkers"] == _WORKERS:
                    return
        except (OSError, ValueError):  # not there yet, or no JSON yet
            pass
        time.sleep(0.2)  # the master offers nothing to wait on
    logs = "\n".join(log.read_text(errors="replace")[-1500:] for log in sorted(folder.glob("*/log")))
    pytest.fail(f"the cluster did not come up in {_START_SECONDS} s\n{logs}")


def _bare_python() -> str:
    """The interpreter that our environment was made with: same version, none of our packages."""
    return str(Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info[1]}")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
