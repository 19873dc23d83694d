"""Signing in to Kafka: two clients, one place, no secret where anybody looks."""

from __future__ import annotations

import pytest

from etl_core.errors import SettingsError
from etl_core.settings import read_rooms
from pipelines.records.kafka.access import KafkaAccess
from pipelines.records.settings import KafkaSettings


def test_a_password_with_quotes_stays_one_value_of_jaas() -> None:
    access = KafkaAccess("a:1", "SASL_SSL", "SCRAM-SHA-512", "me", 'pa"ss\\word', "/ca.pem")
    assert access.of_spark()["kafka.sasl.jaas.config"] == (
        'org.apache.kafka.common.security.scram.ScramLoginModule required username="me" password="pa\\"ss\\\\word";'
    )
    assert access.of_librdkafka()["sasl.password"] == 'pa"ss\\word'
    assert "ssl.ca.location" in access.of_librdkafka()
    assert "pa" not in repr(access).replace("pass", "")


def test_a_sasl_protocol_without_a_name_is_refused_by_name() -> None:
    with pytest.raises(SettingsError, match="KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD"):
        read_rooms([KafkaSettings], None, kafka_security_protocol="SASL_SSL")


def test_without_sasl_no_name_is_given() -> None:
    assert set(KafkaAccess("a:1").of_librdkafka()) == {"bootstrap.servers", "security.protocol"}
    assert set(KafkaAccess("a:1").of_spark()) == {"kafka.bootstrap.servers", "kafka.security.protocol"}
