"""What the environment says of Kafka."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, SecretStr, model_validator

from etl_core.settings import RoomSettings, Upper, setting


class KafkaSettings(RoomSettings):
    """Where the brokers are, and how we sign in."""

    kafka_bootstrap_servers: str | None = setting(
        "The brokers that streams of records are read from and written to",
        "host:port, several comma-separated",
    )
    kafka_security_protocol: Annotated[Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"], Upper] = setting(
        "How connections to the brokers are secured",
        "PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL",
        default="PLAINTEXT",
    )
    kafka_sasl_mechanism: Annotated[Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"], Upper] = setting(
        "How we prove who we are, with a SASL protocol",
        "PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512",
        default="SCRAM-SHA-512",
    )
    kafka_sasl_username: str | None = setting("Who we are, with a SASL protocol", "a name")
    kafka_sasl_password: SecretStr | None = setting("The password of KAFKA_SASL_USERNAME", "a secret")
    kafka_ssl_ca: str | None = setting(
        "The certificates that brokers are held against, with an SSL protocol; unset: those of the system",
        "the path of a PEM file",
    )
    max_offsets_per_trigger: Annotated[int, Field(ge=1, le=100_000_000)] = setting(
        "Records that `watch_records` takes at a time, at most",
        "a number from 1 to 100000000",
        default=200_000,
    )

    @model_validator(mode="after")
    def _signs_in(self) -> KafkaSettings:
        """Ask for a name and a password where the protocol does."""
        if self.kafka_security_protocol.startswith("SASL") and not (
            self.kafka_sasl_username and self.kafka_sasl_password
        ):
            raise ValueError(
                f"KAFKA_SECURITY_PROTOCOL is {self.kafka_security_protocol}, which asks for KAFKA_SASL_USERNAME and"
                " KAFKA_SASL_PASSWORD: set both"
            )
        return self
