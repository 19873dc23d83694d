"""An Airflow of these tests' own, and the services that its jobs use."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
DAGS = ROOT / "conf/airflow/dags"
PROGRAM = ROOT / ".venv/bin"

# Airflow reads its settings when it is imported: before any test is.
_HOME = tempfile.TemporaryDirectory(prefix="airflow-")
os.environ.update(
    AIRFLOW_HOME=_HOME.name,
    AIRFLOW__CORE__DAGS_FOLDER=str(DAGS),
    AIRFLOW__CORE__LOAD_EXAMPLES="False",
    AIRFLOW__CORE__UNIT_TEST_MODE="False",
    AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{_HOME.name}/airflow.db",
    AIRFLOW__LOGGING__LOGGING_LEVEL="WARNING",
    PIPELINE_COMMAND=str(PROGRAM / "pipeline-processing"),
    PYTHONPATH="",
)
sys.path.insert(0, str(DAGS))


class Services:
    """Databases and buckets of the jobs."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.variables: dict[str, str] = told["variables"]
        self._psql: str = told["psql"]

    def rows(self, variable: str, query: str) -> list[list[str]]:
        """Ask a database, or change it."""
        program = self._psql.split(" -h ")[0]
        command = f'{program} -q -t -A -F "|" -c "$QUERY" "$ADDRESS"'
        run = subprocess.run(
            ["bash", "-c", command],  # noqa: S607 - as psql's own command is written
            env={**os.environ, "QUERY": query, "ADDRESS": self.variables[variable]},
            capture_output=True,
            text=True,
            check=True,
        )
        return [line.split("|") for line in run.stdout.splitlines()]


@pytest.fixture(scope="session")
def services() -> Iterator[Services]:
    """Started by the program's interpreter, ended with the tests."""
    process = subprocess.Popen(
        [str(PROGRAM / "python"), str(Path(__file__).parent / "services.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=_HOME.name,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    made = Services(json.loads(process.stdout.readline()))
    os.environ.update(made.variables)
    yield made
    process.stdin.close()
    process.wait(60)
    process.stdout.close()


@pytest.fixture(scope="session", autouse=True)
def airflow_database() -> None:
    """Airflow's own tables, and its list of DAGs."""
    subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], check=True, capture_output=True)
    subprocess.run([sys.executable, "-m", "airflow", "dags", "reserialize"], check=True, capture_output=True)


@pytest.fixture
def alerts(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What a receiver of alerts was told."""
    told: list[str] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.append(json.loads(body)["text"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("PIPELINE_ALERT_URL", f"http://127.0.0.1:{server.server_port}/")
    yield told
    server.shutdown()
    thread.join()
    server.server_close()
