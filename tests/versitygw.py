"""A second S3, written by others: versitygw, built where Go and its module can be had, else the reason why not."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from etl_core.objects.store import ObjectStore, S3Access
from tests.local_s3 import S3Server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3 import S3Client

MODULE = "github.com/versity/versitygw/cmd/versitygw@v1.8.0"
#: Where the program stays once it was built.
TOOLS = Path(__file__).parents[1] / ".tools"
_BUILD_SECONDS = 240
_START_SECONDS = 30


def built_gateway(tools: Path = TOOLS) -> Path | str:
    """The program, built once for all processes that want it; or why there is none."""
    program = tools / MODULE.rpartition("/")[2].replace("@", "-")
    tools.mkdir(parents=True, exist_ok=True)
    with (tools / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if program.exists():
            return program
        go = shutil.which("go")
        if go is None:
            return "there is no Go on this machine to build versitygw with"
        with tempfile.TemporaryDirectory(dir=tools) as folder:
            environment = {**os.environ, "GOBIN": folder, "GOFLAGS": "-modcacherw", "GOTOOLCHAIN": "local"}
            command = [go, "install", MODULE]
            try:
                done = subprocess.run(
                    command, env=environment, capture_output=True, text=True, timeout=_BUILD_SECONDS, check=False
                )
            except subprocess.TimeoutExpired:
                return f"{MODULE} was not built within {_BUILD_SECONDS} seconds"
            if done.returncode:
                return f"{MODULE} cannot be built: {done.stderr.strip()[-300:]}"
            (Path(folder) / "versitygw").rename(program)
    return program


@pytest.fixture(scope="session")
def versity_server() -> Iterator[S3Server]:
    """The gateway on a folder of this test process, which keeps versions where a bucket asks for them."""
    program = built_gateway()
    if isinstance(program, str):
        pytest.skip(program)
    with tempfile.TemporaryDirectory(prefix="dq-versity-") as folder:
        data, versions, sidecar, log = (Path(folder) / name for name in ("data", "versions", "sidecar", "log"))
        for made in (data, versions, sidecar):
            made.mkdir()
        server = S3Server(f"http://127.0.0.1:{_free_port()}")
        command = [
            *(str(program), "--port", server.endpoint.removeprefix("http://"), "--region", server.region, "--quiet"),
            *("--access", server.access_key, "--secret", server.secret_key),
            # Not every file system has extended attributes.
            *("posix", "--versioning-dir", str(versions), "--sidecar", str(sidecar), str(data)),
        ]
        with log.open("w") as noise, subprocess.Popen(command, stdout=noise, stderr=noise) as process:
            try:
                _wait_for(server, process, log)
                yield server
            finally:
                process.terminate()


@pytest.fixture
def versity(versity_server: S3Server) -> Iterator[S3Client]:
    """A boto3 client of the gateway."""
    client = client_of(versity_server)
    yield client
    client.close()


@pytest.fixture
def versity_store(versity_server: S3Server) -> ObjectStore:
    """The gateway as the program sees it."""
    one = versity_server
    return ObjectStore(S3Access(one.endpoint, one.region, one.access_key, one.secret_key))


def client_of(server: S3Server) -> S3Client:
    """A boto3 client."""
    return boto3.client(
        "s3",
        endpoint_url=server.endpoint,
        region_name=server.region,
        aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret_key,
        config=Config(s3={"addressing_style": "path"}),
    )


def _wait_for(server: S3Server, process: subprocess.Popen[bytes], log: Path) -> None:
    client, deadline = client_of(server), time.monotonic() + _START_SECONDS
    while not _answers(client):
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)
    client.close()


def _answers(client: S3Client) -> bool:
    try:
        client.list_buckets()
    except BotoCoreError:
        return False
    return True


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
