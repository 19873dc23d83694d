"""Running jobs as a user does, in this process: a command line, an environment, an exit code, output."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from etl_core.settings import declared_fields
from jobs.cli import main
from jobs.running.settings import ROOMS
from tests.databases import login

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine

    from tests.end_to_end.landing import Landing
    from tests.local_s3 import S3Server


@dataclass(frozen=True)
class Ran:
    """What a command left behind. `log` holds the JSON lines of stderr."""

    code: int
    out: str
    err: str

    @property
    def log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.err.splitlines() if line.startswith("{")]

    def messages(self) -> list[str]:
        return [line["message"] for line in self.log]


class CommandLine:
    """`run("backfill", "--prefix", ...)`; variables are set with `set`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: Path) -> None:
        self._monkeypatch, self._capsys, self.folder = monkeypatch, capsys, folder
        monkeypatch.chdir(folder)
        left_by_spark = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")  # a session of an earlier test sets them
        for name in (*declared_fields(ROOMS), *left_by_spark):
            monkeypatch.delenv(name.upper(), raising=False)

    def set(self, **variables: str) -> None:
        for name, value in variables.items():
            self._monkeypatch.setenv(name, value)

    def run(self, *arguments: str) -> Ran:
        self._capsys.readouterr()
        try:
            code = main(arguments)
        except SystemExit as stop:  # argparse: --help, or a wrong argument
            code = int(stop.code or 0)
        out, err = self._capsys.readouterr()
        return Ran(code, out, err)


def environment(database: Engine, server: S3Server) -> dict[str, str]:
    """The variables that point a job at the local services."""
    return {
        "DATABASE_URL": database.url.set(drivername="postgresql").render_as_string(hide_password=False),
        "S3_ENDPOINT": server.endpoint,
        "S3_REGION": server.region,
        "S3_ACCESS_KEY": server.access_key,
        "S3_SECRET_KEY": server.secret_key,
        "SQS_ENDPOINT": server.endpoint,
        "RUN_WINDOW": "key",
    }


@pytest.fixture
def bare_command_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Iterator[CommandLine]:
    """In an empty folder, with no variable set."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield CommandLine(monkeypatch, capsys, tmp_path)
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def command_line(bare_command_line: CommandLine, landing: Landing, s3_server: S3Server) -> Iterator[CommandLine]:
    """Pointed at the landing zone, where it may do what `conf/sql/roles.sql` lets a writer do."""
    with login(landing.database, "pipeline_writer") as writer:
        bare_command_line.set(**environment(writer, s3_server))
        yield bare_command_line
