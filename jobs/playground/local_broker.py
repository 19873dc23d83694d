"""A Kafka broker of this machine, for the demo and the tests: Apache Kafka in KRaft mode, a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from etl_core.errors import SettingsError
from etl_core.spark.jars import present_jars, spark_home

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: What the broker logs with, and nothing else of Spark's.
_LOGGING = ("slf4j-api-", "log4j-slf4j2-impl-", "log4j-api-", "log4j-core-")
_START_SECONDS = 60.0
_STOP_SECONDS = 20.0
#: Small and quick: one node, no replicas, groups that need not wait for each other.
_PROPERTIES: Mapping[str, str] = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "BROKER",
    "num.network.threads": "2",
    "num.io.threads": "2",
    "num.partitions": "1",
    "offsets.topic.num.partitions": "1",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.num.partitions": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    "log.segment.delete.delay.ms": "0",
    "log.retention.check.interval.ms": "500",
    "auto.create.topics.enable": "false",
}
_LOG4J = """\
rootLogger.level = error
rootLogger.appenderRef.stderr.ref = stderr
appender.stderr.type = Console
appender.stderr.name = stderr
appender.stderr.target = SYSTEM_ERR
appender.stderr.layout.type = PatternLayout
appender.stderr.layout.pattern = [%d] %p %c %m%n
"""


def free_port() -> int:
    """A port of this machine that nobody listens on at present."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@dataclass(slots=True)
class LocalBroker:
    """A broker, which may be stopped, killed and started again; what it was told it keeps.

    Attributes:
        folder: where its data are.
        password: of the user `pipeline` on its second listener, which asks for one.
        port: without a password.
        secured_port: with one.
    """

    folder: Path
    password: str
    port: int = field(default_factory=free_port)
    secured_port: int = field(default_factory=free_port)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Where clients find it."""
        return f"127.0.0.1:{self.port}"

    @property
    def secured_address(self) -> str:
        """Where clients find it that say who they are."""
        return f"127.0.0.1:{self.secured_port}"

    def format(self) -> None:
        """Make its folder ready."""
        self.folder.mkdir(parents=True, exist_ok=True)
        controller = free_port()
        listeners = {
            "BROKER": (self.port, "PLAINTEXT"),
            "SECURED": (self.secured_port, "SASL_PLAINTEXT"),
            "CONTROLLER": (controller, "PLAINTEXT"),
        }
        jaas = "org.apache.kafka.common.security.plain.PlainLoginModule required"
        properties = {
            **_PROPERTIES,
            "listeners": ",".join(f"{name}://127.0.0.1:{port}" for name, (port, _) in listeners.items()),
            "listener.security.protocol.map": ",".join(f"{name}:{kind}" for name, (_, kind) in listeners.items()),
            "listener.name.secured.sasl.enabled.mechanisms": "PLAIN",
            "listener.name.secured.plain.sasl.jaas.config": f'{jaas} user_pipeline="{self.password}";',
            "controller.quorum.voters": f"1@127.0.0.1:{controller}",
            "log.dirs": str(self.folder / "data"),
        }
        text = "".join(f"{name}={value}\n" for name, value in properties.items())
        (self.folder / "server.properties").write_text(text, encoding="utf-8")
        (self.folder / "log4j2.properties").write_text(_LOG4J, encoding="utf-8")
        made = self._java("kafka.tools.StorageTool", "format", "-t", uuid4().hex[:22], "-c", "server.properties")
        _, said = made.communicate()
        if made.returncode:
            raise SettingsError("the local Kafka broker", [said.decode("utf-8", "replace")[-1500:]])

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._process = self._java("kafka.Kafka", "server.properties")
        deadline = time.monotonic() + _START_SECONDS
        while not _answers(self.port):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                said = (self.folder / "broker.log").read_text(encoding="utf-8", errors="replace")
                raise SettingsError("the local Kafka broker", [f"it did not start: {said[-1500:]}"])
            time.sleep(0.05)

    def stop(self) -> None:
        """Have it end in order."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def _java(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        java_home = os.environ.get("JAVA_HOME")
        java = str(Path(java_home) / "bin" / "java") if java_home else "java"
        own = present_jars(["broker"])
        logging = [jar for jar in sorted((spark_home() / "jars").glob("*.jar")) if jar.name.startswith(_LOGGING)]
        is_server = program == "kafka.Kafka"
        with (self.folder / "broker.log").open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - our own words only
                [
                    *(java, "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
                    "-Dlog4j2.configurationFile=log4j2.properties",
                    *("-cp", os.pathsep.join(map(str, [*own, *logging]))),
                    *(program, *arguments),
                ],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log if is_server else subprocess.PIPE,
                stderr=log if is_server else subprocess.STDOUT,
                start_new_session=True,
            )


@contextmanager
def local_broker(folder: Path) -> Iterator[LocalBroker]:
    """Start a broker with an empty folder; it ends with the block."""
    broker = LocalBroker(folder, uuid4().hex)
    broker.format()
    try:
        broker.start()
        yield broker
    finally:
        broker.kill()


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False
