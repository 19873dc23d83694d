"""A local S3 as a process of its own, filled with small objects: versitygw where Go can build it, else moto.

moto keeps every object behind one interpreter's lock and answers several times more slowly, so the
output names which one served.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
import botocore.config
import botocore.exceptions

from tests.local_s3 import S3Server
from tests.versitygw import built_gateway

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mypy_boto3_s3 import S3Client

_START_SECONDS = 60


@dataclass(frozen=True)
class ObjectServer:
    """A running server: what it is called, where it is, and its log of requests where it keeps one."""

    name: str
    address: S3Server
    requests: Path | None

    def client(self) -> S3Client:
        """A boto3 client."""
        return boto3.client(
            "s3",
            endpoint_url=self.address.endpoint,
            region_name=self.address.region,
            aws_access_key_id=self.address.access_key,
            aws_secret_access_key=self.address.secret_key,
            config=botocore.config.Config(s3={"addressing_style": "path"}),
        )

    def request_count(self) -> int | None:
        """Requests answered so far; None where the server keeps no log."""
        if self.requests is None:
            return None
        with self.requests.open("rb") as lines:
            return sum(1 for _ in lines)


@contextmanager
def object_server(folder: Path, tools: Path | None) -> Iterator[ObjectServer]:
    """Start an empty server that works in `folder`; programs that are built are kept in `tools`.

    Without `tools` it is moto, which has queues, too.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    address = S3Server(f"http://127.0.0.1:{_free_port()}")
    gateway = _versitygw(tools) if tools else None
    log = folder / "requests.log"
    command = _moto_command(address) if gateway is None else _versitygw_command(gateway, address, folder, log)
    with (folder / "server.log").open("w") as noise:
        process = subprocess.Popen(command, stdout=noise, stderr=noise)
        try:
            server = ObjectServer("moto" if gateway is None else "versitygw", address, None if gateway is None else log)
            _wait_for(server, process)
            yield server
        finally:
            process.terminate()
            process.wait()


def _versitygw(tools: Path) -> Path | None:
    """The gateway's program, built once; None where it cannot be had."""
    program = built_gateway(tools)
    if isinstance(program, str):
        sys.stderr.write(f"moto takes the place of versitygw: {program}\n")
        return None
    return program


def _versitygw_command(program: Path, address: S3Server, folder: Path, log: Path) -> list[str]:
    data = folder / "objects"
    data.mkdir()
    log.touch()
    listen = ["--port", address.endpoint.removeprefix("http://"), "--region", address.region, "--keep-alive"]
    keys = ["--access", address.access_key, "--secret", address.secret_key]
    return [str(program), *listen, *keys, "--quiet", "--access-log", str(log), "posix", str(data)]


def _moto_command(address: S3Server) -> list[str]:
    host, port = address.endpoint.removeprefix("http://").split(":")
    return [sys.executable, "-m", "moto.server", "-H", host, "-p", port]


def _wait_for(server: ObjectServer, process: subprocess.Popen[bytes]) -> None:
    client = server.client()
    deadline = time.monotonic() + _START_SECONDS
    while not _answers(client):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{server.name} does not answer; see its log")
        time.sleep(0.1)


def _answers(client: S3Client) -> bool:
    try:
        client.list_buckets()
    except botocore.exceptions.BotoCoreError:
        return False
    return True


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
