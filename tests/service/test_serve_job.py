"""The job: settings in, a service that answers, a signal that ends it in peace."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.request import Request, urlopen

from tests.end_to_end.figures import unused_port
from tests.end_to_end.processes import inherited

if TYPE_CHECKING:
    from tests.end_to_end.landing import Landing

__all__ = ["unused_port"]

ROOT = Path(__file__).parents[2]
PATIENCE = 180


def test_the_job_answers_until_a_signal_ends_it(landing: Landing, unused_port: int, tmp_path: Path) -> None:
    url = landing.database.url.render_as_string(hide_password=False)
    variables = {**inherited(), "DATABASE_URL": url, "SERVE_PORT": str(unused_port), "PYTHONPATH": str(ROOT)}
    log = tmp_path / "log"
    with log.open("w") as lines:
        job = subprocess.Popen([sys.executable, "-m", "jobs.cli", "serve"], env=variables, cwd=tmp_path, stderr=lines)
    try:
        deadline = time.monotonic() + PATIENCE
        while not (ready := _ready(unused_port)):
            assert job.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        assert ready["status"] == "ready"
        with urlopen(Request(f"http://127.0.0.1:{unused_port}/healthz", method="HEAD"), timeout=PATIENCE) as head:
            assert (head.status, head.read()) == (200, b"")
        job.send_signal(signal.SIGTERM)
        assert job.wait(PATIENCE) == 0, log.read_text()
    finally:
        job.kill()
        job.wait()
    said = [json.loads(line)["message"] for line in log.read_text().splitlines()]
    assert (said[0], said[-1]) == ("serving", "stopped serving")
    with landing.database.connect() as connection:
        (line,) = connection.exec_driver_sql("SELECT job, status, subject FROM pipeline.audit").all()
    assert tuple(line) == ("serve", "succeeded", f"127.0.0.1:{unused_port}")


def _ready(port: int) -> dict[str, str] | None:
    try:
        with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=60) as answer:
            found: dict[str, str] = json.load(answer)
            return found
    except URLError:
        return None
