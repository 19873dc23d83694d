"""A stream of records on this machine: a broker, a producer of good and bad records, and what came out where."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timezone
from random import Random
from typing import TYPE_CHECKING, Any

import structlog
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from rich.table import Table
from sqlalchemy import text

from jobs.console.terminal import cell, stdout
from jobs.playground.sample_records import BAD_RECORDS, good_records
from jobs.records import replay_dead_letters, watch_records
from jobs.records.doors import open_flow
from pipelines.records.checking.dead_letter import read_letter
from pipelines.records.kafka.access import KafkaAccess
from pipelines.records.kafka.reading import headers_of, read_topic
from pipelines.records.kafka.topics import Topics
from pipelines.records.settings import KafkaSettings

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from confluent_kafka import Message
    from sqlalchemy.engine import Engine

    from jobs.running.wiring import Program
    from pipelines.records.flow import Flow

log = structlog.get_logger()

FLOW = "user_events"
_GOOD, _SEED = 2000, 7
_ACCOUNT = """
SELECT partition, first_offset AS "from", next_offset AS next, processed, dead, tombstones, skipped, lost
FROM pipeline.stream_partition WHERE flow = :flow ORDER BY partition
"""
_VERDICT = """
SELECT r.run_date, r.run_hour, q.score, q.passed, q.failed_validation_message AS why
FROM reporting.monitoring_file_data_quality q
JOIN reporting.monitoring_file_run r ON r.id = q.monitoring_file_run_id
JOIN reporting.monitoring_file f ON f.id = r.monitoring_file_id
WHERE f.agency_slug = :agency AND f.file_name = :file ORDER BY r.run_date, r.run_hour
"""


def play(program: Program, database: Engine) -> int:
    """Produce, watch, show, repair and replay; the exit code."""
    servers, flow = str(program.settings[KafkaSettings].kafka_bootstrap_servers), open_flow(FLOW)
    _make_topics(servers, flow)
    _produce(servers, flow)
    code = watch_records.main([FLOW, "--once"], program)
    _show(servers, database, flow)
    _say("\nThe letters of records without event_type are repaired and sent back:")
    code = replay_dead_letters.main([FLOW, "--rule", "required", "--set", "event_type=unknown"], program) or code
    code = watch_records.main([FLOW, "--once"], program) or code
    _print("What became of every offset", _rows(database, _ACCOUNT, flow=flow.name))
    return code


def _make_topics(servers: str, flow: Flow) -> None:
    admin = AdminClient({"bootstrap.servers": servers, "log_level": 2})
    names = (flow.source.topic, flow.target.topic, flow.dead_letters)
    for made in admin.create_topics([NewTopic(name, 2, 1) for name in names]).values():
        made.result()
    Topics(KafkaAccess(servers)).find(names)


def _produce(servers: str, flow: Flow) -> None:
    producer, chance = Producer({"bootstrap.servers": servers, "log_level": 2}), Random(_SEED)  # noqa: S311 - the same each time
    for user, value in good_records(_GOOD, datetime.now(timezone.utc).replace(microsecond=0), chance):
        producer.produce(flow.source.topic, value, user)
    for value in BAD_RECORDS.values():
        producer.produce(flow.source.topic, value, "u17")
    producer.produce(flow.source.topic, None, "u17_2026-03-01T10:00:00")
    producer.flush(30)
    log.info("records were produced", good=_GOOD, bad=len(BAD_RECORDS), tombstones=1, topic=flow.source.topic)


def _show(servers: str, database: Engine, flow: Flow) -> None:
    _print("What became of every offset", _rows(database, _ACCOUNT, flow=flow.name))
    kinds = {value: kind for kind, value in BAD_RECORDS.items()}
    letters = [{"what": kinds[_original(one)], **_told(one)} for one in _read(servers, flow.dead_letters)]
    _print(
        f"Dead letters in {flow.dead_letters}", sorted(letters, key=lambda one: list(kinds.values()).index(one["what"]))
    )
    sent = [json.loads(one.value() or b"null") for one in _read(servers, flow.target.topic)]
    good = [one for one in sent if one is not None]
    by_kind = ", ".join(f"{count} {kind}" for kind, count in sorted(Counter(one["event_type"] for one in good).items()))
    _say(f"\n{len(good)} records in {flow.target.topic} ({by_kind}), the first of them:")
    _say(json.dumps(good[0]))
    if flow.quality is not None:
        pair = {"agency": flow.quality.agency, "file": flow.quality.file}
        _print("The verdict of each hour", _rows(database, _VERDICT, **pair))


def _original(letter: Message) -> bytes:
    return read_letter(letter.value(), headers_of(letter)).value or b""


def _told(letter: Message) -> dict[str, str]:
    found = {name: value.decode() if isinstance(value, bytes) else value for name, value in headers_of(letter)}
    names = {
        "rule": "error.rule",
        "column": "error.column",
        "partition": "__connect.errors.partition",
        "offset": "__connect.errors.offset",
        "error": "__connect.errors.exception.message",
    }
    return {shown: found[name] or "" for shown, name in names.items()}


def _read(servers: str, topic: str) -> list[Message]:
    """All records of a topic."""
    access = KafkaAccess(servers)
    topics = Topics(access)
    return list(read_topic(access, topic, topics.spans(topics.find([topic])[topic]), "demo"))


def _rows(database: Engine, query: str, **values: str) -> list[dict[str, Any]]:
    with database.connect() as connection:
        return [dict(row) for row in connection.execute(text(query), values).mappings()]


def _print(title: str, rows: Sequence[dict[str, Any]]) -> None:
    table = Table(*(rows[0] if rows else ()), header_style="bold", title=title)
    for row in rows:
        table.add_row(*_cells(row.values()))
    stdout().print(table)


def _cells(values: Iterable[object]) -> Iterable[Any]:
    return map(cell, values)


def _say(line: str) -> None:
    stdout().print(cell(line), soft_wrap=True)
