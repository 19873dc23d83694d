"""How the brokers are reached and signed in to, in the words of the two clients there are: Spark's and librdkafka."""

from __future__ import annotations

from dataclasses import dataclass, field

#: Records of transactions that were not committed are none.
READ_COMMITTED = {"isolation.level": "read_committed"}


@dataclass(frozen=True, slots=True)
class KafkaAccess:
    """The brokers and our place among their users; travels to tasks.

    Attributes:
        servers: `host:port`, comma-separated.
        protocol: of Kafka's security protocols.
        mechanism: of SASL's.
        username: with a SASL protocol.
        password: its secret.
        certificates: the path of a PEM file that brokers are held against.
    """

    servers: str
    protocol: str = "PLAINTEXT"
    mechanism: str = "PLAIN"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    certificates: str | None = None

    def of_librdkafka(self) -> dict[str, str]:
        """Settings of a client of librdkafka."""
        found = {"bootstrap.servers": self.servers, "security.protocol": self.protocol}
        if self.protocol.startswith("SASL"):
            found |= {"sasl.mechanism": self.mechanism}
            found |= {"sasl.username": self.username or "", "sasl.password": self.password or ""}
        if self.protocol.endswith("SSL") and self.certificates is not None:
            found["ssl.ca.location"] = self.certificates
        return found

    def of_spark(self) -> dict[str, str]:
        """Options of Spark's source; those with a secret are blotted out wherever Spark shows options."""
        found = {"kafka.bootstrap.servers": self.servers, "kafka.security.protocol": self.protocol}
        if self.protocol.startswith("SASL"):
            module = "plain.PlainLoginModule" if self.mechanism == "PLAIN" else "scram.ScramLoginModule"
            login = f"username={_quoted(self.username or '')} password={_quoted(self.password or '')}"
            found["kafka.sasl.mechanism"] = self.mechanism
            found["kafka.sasl.jaas.config"] = f"org.apache.kafka.common.security.{module} required {login};"
        if self.protocol.endswith("SSL") and self.certificates is not None:
            found |= {"kafka.ssl.truststore.type": "PEM", "kafka.ssl.truststore.location": self.certificates}
        return found


def _quoted(text: str) -> str:
    """A text as JAAS writes it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
