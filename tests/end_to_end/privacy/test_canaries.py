"""No sensitive value and no secret is anywhere but in the files and in the variables they came from.

Files of many shapes, each of which fails, go through every lane; then everything that was left behind is searched: the
log at its wordiest, Spark's event log, arguments of processes, tables, payloads, kept states, temporary files.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
from sqlalchemy import inspect, text

from tests.databases import login
from tests.end_to_end.command_line import environment
from tests.end_to_end.landing import key_of
from tests.end_to_end.privacy.shapes import CANARY, DEFINITION, SHAPES
from tests.end_to_end.processes import inherited
from tests.unit.profiling.profiled import opened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.end_to_end.landing import Landing
    from tests.local_s3 import S3Server

_ROOT = Path(__file__).parents[3]
SECRET_KEY = "CANARYsecret/key+of=S3"
#: Parts of the password of `login`, in any spelling, would be told by a word that is there in no other meaning.
MARKS = {"value": CANARY.encode(), "key": b"CANARYsecret"}
LANES = {
    "tasks": {"READER": "direct"},
    "Spark's readers": {"READER": "spark"},
    "threads": {"READER": "direct", "MAX_FILES_PER_BATCH": "4"},
}


class Search:
    """What was looked through, and where a mark was found."""

    def __init__(self) -> None:
        self.looked: Counter[str] = Counter()
        self.found: list[str] = []

    def look(self, place: str, data: bytes, name: str = "") -> None:
        self.looked[place] += 1
        self.found += [
            f"{mark} in {place} {name}: {_around(data, text)!r}" for mark, text in MARKS.items() if text in data
        ]

    def look_into(self, place: str, folder: Path) -> None:
        """Every file below a folder; `os.walk` bears that folders go while it walks, as `rglob` does not."""
        for parent, _, names in os.walk(folder):
            for path in (Path(parent, name) for name in names):
                with suppress(OSError):  # it is gone, or no file
                    if path.is_file() and not path.is_symlink():
                        self.look(place, path.read_bytes(), path.name)


def _around(data: bytes, mark: bytes) -> bytes:
    at = data.find(mark)
    return data[max(at - 60, 0) : at + 60]


@contextmanager
def watched(search: Search, process: subprocess.Popen[str], temporary: Path) -> Iterator[None]:
    """Look through arguments and temporary files again and again while the process runs."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.4):
            with suppress(psutil.Error):
                one = psutil.Process(process.pid)
                for member in (one, *one.children(recursive=True)):
                    search.look("arguments", "\0".join(member.cmdline()).encode())
            search.look_into("temporary files", temporary)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def manifest(landing: Landing) -> str:
    """All objects; of every second one the size is known, so that tasks look at it themselves."""
    listed = landing.s3.list_objects_v2(Bucket=landing.bucket)["Contents"]
    entries: list[dict[str, object]] = [{"bucket": landing.bucket, "key": one["Key"]} for one in listed]
    for entry, one in zip(entries[::2], listed[::2], strict=True):
        entry["size"] = one["Size"]
    return "".join(json.dumps(entry) + "\n" for entry in entries)


def backfill(landing: Landing, server: S3Server, lane: dict[str, str], folder: Path, search: Search) -> None:
    """Give every file its verdict by one lane, as a process of its own; look through all it says and leaves."""
    places = {name: folder / name for name in ("events", "temporary", "spark", "metrics")}
    for place in places.values():
        place.mkdir(parents=True)
    options = {"spark.eventLog.enabled": "true", "spark.eventLog.dir": places["events"].as_uri()}
    (places["spark"] / "spark-defaults.conf").write_text(
        "".join(f"{name} {value}\n" for name, value in options.items())
    )
    with login(landing.database, "pipeline_writer") as writer:
        variables = {
            **inherited(),
            **environment(writer, server),
            **lane,
            "S3_SECRET_KEY": SECRET_KEY,
            "LOG_LEVEL": "DEBUG",
            "TMPDIR": str(places["temporary"]),
            "SPARK_LOCAL_DIRS": str(places["temporary"]),
            "SPARK_CONF_DIR": str(places["spark"]),
            "METRICS_FILE": str(places["metrics"] / "figures.prom"),
        }
        (folder / "manifest.jsonl").write_text(manifest(landing))
        command = [sys.executable, "-m", "jobs.cli", "backfill", "--manifest", str(folder / "manifest.jsonl")]
        process = subprocess.Popen(
            command, cwd=_ROOT, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        with watched(search, process, places["temporary"]):
            said = process.communicate(timeout=300)[0]
    assert process.returncode == 0, said[-3000:]
    assert said.count('"message": "scored"') + said.count("UnreadableFileError") >= len(SHAPES)
    search.look("log", said.encode())
    search.look_into("event log", places["events"])
    search.look_into("metrics", places["metrics"])
    search.look_into("temporary files left", places["temporary"])


def look_into_tables(landing: Landing, search: Search) -> None:
    """Every row of every table, and the kept states without their compression."""
    tables = inspect(landing.database)
    with landing.database.connect() as connection:
        for schema in ("reporting", "pipeline"):
            for table in tables.get_table_names(schema=schema):
                for row in connection.scalars(text(f"SELECT row_to_json(one)::text FROM {schema}.{table} one")):
                    search.look(f"{schema}.{table}", row.encode())
        for state in connection.scalars(text("SELECT state FROM pipeline.profile_state WHERE state IS NOT NULL")):
            search.look("kept states", opened(bytes(state)))


@pytest.mark.parametrize("lane", ["tasks", pytest.param("Spark's readers", marks=pytest.mark.night), "threads"])
def test_nothing_sensitive_and_no_secret_is_left_anywhere(
    landing: Landing, s3_server: S3Server, tmp_path: Path, lane: str
) -> None:
    for name, content in SHAPES.items():
        shape = name.replace(".", "-")
        landing.configure(shape, DEFINITION)
        landing.put(key_of(shape, name=name), content(shape))
    search = Search()
    backfill(landing, s3_server, LANES[lane], tmp_path, search)
    look_into_tables(landing, search)
    scores = {row.file_name: row.score for row in landing.verdicts()}
    assert len(scores) == len(SHAPES)
    assert max(scores.values()) < 100, "a file did not fail"
    assert search.found == []
    places = {"log", "arguments", "reporting.monitoring_file_data_profile", "pipeline.object_inbox", "kept states"}
    assert places <= set(search.looked)
    if lane != "threads":
        assert search.looked["event log"] > 0
        assert search.looked["temporary files"] > 0
    print(f"{lane}: {dict(search.looked)}")  # noqa: T201 - how much was searched


def test_the_search_finds_what_is_there(landing: Landing, tmp_path: Path) -> None:
    """A mark in a table, in a file and among the arguments of a process."""
    search = Search()
    (tmp_path / "left.tmp").write_bytes(b"x" + MARKS["value"])
    landing.configure("trips", {"description": CANARY})
    with tempfile.TemporaryDirectory() as empty:
        program = [sys.executable, "-c", "import time; time.sleep(2)", SECRET_KEY]
        with subprocess.Popen(program, text=True) as process, watched(search, process, Path(empty)):
            process.wait()
    search.look_into("files", tmp_path)
    look_into_tables(landing, search)
    places = {re.sub(r"^(\w+) in ([\w .]+?) .*", r"\1 \2", found, flags=re.DOTALL) for found in search.found}
    assert {"value files", "key arguments", "value reporting.monitoring_file_schema_definition"} <= places
    assert os.environ.get("S3_SECRET_KEY") != SECRET_KEY
