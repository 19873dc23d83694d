"""The embedded server: shared between processes, at home in odd paths, indifferent to what killed processes left."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

from etl_core.postgres.database import connect
from etl_core.postgres.embedded import embedded_postgres

if TYPE_CHECKING:
    from pathlib import Path

_JOIN = """
import sys
from etl_core.postgres.database import connect
from etl_core.postgres.embedded import embedded_postgres
with embedded_postgres(sys.argv[1]) as server:
    engine = connect(server.dsn)
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO public.visit VALUES (1)")
    engine.dispose()
"""


def test_data_survive_a_stop_and_other_processes_may_join(postgres_directory: Path) -> None:
    """A directory with a space and a quote; a second process joins and leaves; the server outlives it."""
    directory = postgres_directory / "it's my project" / "postgres"
    with embedded_postgres(directory) as server:
        engine = connect(server.dsn)
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE public.visit (n int)")
        joined = subprocess.run(
            [sys.executable, "-c", _JOIN, str(directory)], check=False, capture_output=True, text=True
        )
        assert joined.returncode == 0, joined.stderr
        with engine.connect() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM public.visit").scalar_one() == 1
        engine.dispose()
        shown = subprocess.run(
            f"{server.psql} -Atc 'SELECT n FROM public.visit'", shell=True, check=True, capture_output=True
        )
        assert shown.stdout == b"1\n"
        assert str(directory) in server.notice
    assert not (directory / "postmaster.pid").exists()
    with embedded_postgres(directory) as server:
        engine = connect(server.dsn)
        with engine.connect() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM public.visit").scalar_one() == 1
        engine.dispose()


def test_what_killed_processes_left_behind_does_not_hinder(postgres_directory: Path) -> None:
    """A process id of another program in postmaster.pid, and one of nobody among the users."""
    directory = postgres_directory / "postgres"
    with embedded_postgres(directory):
        lines = (directory / "postmaster.pid").read_text().splitlines()
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        (directory / "postmaster.pid").write_text("\n".join([str(bystander.pid), *lines[1:]]) + "\n")
        (directory / ".handle_pids.json").write_text(json.dumps([2**22 + 1]))
        with embedded_postgres(directory) as server:
            connect(server.dsn).dispose()
        assert not (directory / "postmaster.pid").exists()
    finally:
        bystander.kill()
        bystander.wait()
