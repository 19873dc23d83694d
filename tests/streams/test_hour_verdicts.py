"""The verdict of an hour is that of a file with the same records, however they came."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from dq.definitions import load_definition
from dq.engine.profile_files import judge_sources
from dq.engine.source_file import SourceObject
from dq.ledger.profile_states import RunQuery, profile_of
from dq.reporting.catalogue.catalogue import read_catalogue
from dq.reporting.readback import read_verdicts
from dq.reporting.reporting import ReportingStore
from dq.streams.hour_tallies import HourTallies
from dq.streams.hour_verdicts import HourVerdicts, StreamQuality
from dq.streams.progress import Advance, Counts, Topic, advance
from dq.streams.record_checks import RecordChecks, record_checks
from etl_core.objects.store import ObjectStore
from etl_core.storable import json_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sqlalchemy.engine import Engine

    from dq.verdict.verdict import Verdict

HOUR = datetime(2026, 5, 4, 10, tzinfo=timezone.utc)
TOPIC = Topic("events", "raw", "one")
DEFINITION: dict[str, Any] = {
    "fields": [
        {"name": "user", "type": "string", "required": True},
        {"name": "kind", "type": "string", "enum": ["click", "view"]},
        {"name": "at", "type": "datetime", "required": True},
        {"name": "amount", "type": "number", "min": 0},
        {"name": "more", "type": "object"},
    ],
    "rows": [{"rule": "paid", "expression": "kind = 'click' or amount > 1"}],
}


def records(count: int) -> list[bytes]:
    """Good ones, and of every seventh something is wrong."""
    made = []
    for number in range(count):
        record: dict[str, Any] = {
            "user": f"u{number % 50}",
            "kind": "view" if number % 3 else "click",
            "at": f"2026-05-04T10:{number % 60:02d}:00Z",
            "amount": number / 4 + 2,
        }
        if number % 5 == 0:
            record["more"] = {"n": number, "tags": ["a", number]}
        if number % 7 == 0:
            faults: list[dict[str, Any]] = [{"user": None}, {"kind": "sale"}, {"at": "soon"}, {"amount": -number}]
            record |= [*faults, {"kind": 5}][number // 7 % 5]
        made.append(json.dumps(record).encode())
        if number % 40 == 3:
            made.append([b"nope", b"[1]", b"\xff\xfe", b'{"user": NaN}'][number // 40 % 4])
    return made


def part(checks: RecordChecks, number: int, values: Sequence[bytes], batch: int = 100) -> HourTallies:
    tallies = HourTallies(checks, number)
    for start in range(0, len(values), batch):
        tallies.look(HOUR, values[start : start + batch], HOUR + timedelta(minutes=number))
    return tallies


def account_for(engine: Engine, checks: RecordChecks, number: int, values: Sequence[bytes], offset: int) -> int:
    until = offset + len(values)
    counts = Counts(processed=len(values))
    now = HOUR + timedelta(minutes=number)
    tallies = part(checks, number, values)
    advance(engine, TOPIC, [Advance(0, offset, until, counts)], tallies.parts(), checks.definition.fingerprint, now)
    return until


def verdicts_of(engine: Engine, checks: RecordChecks, *, creates_file: bool = True) -> HourVerdicts:
    reporting = ReportingStore(read_catalogue(engine))
    quality = StreamQuality("events", "streams", "user-events", checks)
    return HourVerdicts(engine, reporting, quality, creates_file=creates_file, keeps=True)


def verdict_of_file(path: Path, values: Sequence[bytes], definition: dict[str, Any]) -> Verdict:
    path.write_bytes(b"".join(value + b"\n" for value in values))
    store = ObjectStore()
    source = SourceObject(0, store.peek(None, str(path)), load_definition(definition))
    found = judge_sources([source], store=store)[0]
    assert not isinstance(found, Exception)
    return found.verdict


def shown(verdict: Verdict) -> dict[str, Any]:
    """A verdict as JSON, but for the size, how it was read, and which of its rows stand for all of them."""
    payload = json.loads(json_text(verdict.profile_payload))
    for name in ("bytes", "reader"):
        del payload["statisticalSummary"][name]
    payload["sampleData"]["rows"] = len(payload["sampleData"]["rows"])
    return {
        "score": verdict.score,
        "passed": verdict.passed,
        "metrics": json.loads(json_text(verdict.metrics)),
        "deductions": dict(verdict.deductions),
        "message": verdict.failed_validation_message,
        "rules": json.loads(json_text(verdict.failed_validation_rules)),
        "payload": payload,
    }


@pytest.mark.parametrize("cuts", [(), (137,), (1, 2, 300, 301)])
def test_an_hour_has_the_verdict_of_a_file_with_the_same_records(
    accounts: Engine, tmp_path: Path, cuts: tuple[int, ...]
) -> None:
    checks, values, offset = record_checks(load_definition(DEFINITION)), records(400), 0
    verdicts = verdicts_of(accounts, checks)
    judged = None
    for number, (start, end) in enumerate(zip((0, *cuts), (*cuts, len(values)), strict=True), start=1):
        offset = account_for(accounts, checks, number, values[start:end], offset)
        assert verdicts.due() == [HOUR]
        judged = verdicts.judge(HOUR, HOUR + timedelta(minutes=number))
        assert verdicts.due() == []
    assert judged is not None
    assert judged.records == len(values)
    assert shown(judged.verdict) == shown(verdict_of_file(tmp_path / "events.jsonl", values, DEFINITION))


def test_its_run_stands_in_the_reporting_tables_like_that_of_a_file(accounts: Engine) -> None:
    checks, values = record_checks(load_definition(DEFINITION)), records(50)
    account_for(accounts, checks, 1, values, 0)
    judged = verdicts_of(accounts, checks).judge(HOUR, HOUR)
    assert judged is not None
    (row,) = read_verdicts(accounts, read_catalogue(accounts), agency_slug="streams")
    assert (row.file_name, row.run_date, row.run_hour) == ("user-events", HOUR.date(), 10)
    assert (row.score, row.passed, row.file_size) == (
        judged.verdict.score,
        judged.verdict.passed,
        sum(map(len, values)),
    )
    merged = profile_of(accounts, RunQuery("streams", "user-events")).merged
    assert merged.profile.rows + merged.profile.malformed == len(values)


def test_records_that_come_while_an_hour_is_judged_are_in_its_next_verdict(accounts: Engine) -> None:
    checks, values = record_checks(load_definition(DEFINITION)), records(90)
    offset = account_for(accounts, checks, 1, values[:50], 0)
    verdicts = verdicts_of(accounts, checks)
    verdicts.judge(HOUR, HOUR)
    account_for(accounts, checks, 2, values[50:], offset)
    judged = verdicts.judge(HOUR, HOUR + timedelta(minutes=2))
    assert judged is not None
    assert judged.records == len(values)
    with accounts.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM pipeline.stream_hour_part")).scalar_one() == 1


def test_an_hour_waits_for_a_file_that_nobody_configured(accounts: Engine) -> None:
    checks = record_checks(load_definition(DEFINITION))
    account_for(accounts, checks, 1, records(10), 0)
    waiting = verdicts_of(accounts, checks, creates_file=False)
    assert waiting.judge(HOUR, HOUR) is None
    assert waiting.due() == [HOUR]
    assert verdicts_of(accounts, checks).judge(HOUR, HOUR) is not None
    assert waiting.due() == []


def test_another_definition_begins_the_hour_anew(accounts: Engine) -> None:
    checks, values = record_checks(load_definition(DEFINITION)), records(30)
    offset = account_for(accounts, checks, 1, values, 0)
    verdicts_of(accounts, checks).judge(HOUR, HOUR)
    other = record_checks(load_definition({"fields": [{"name": "user", "type": "string"}]}))
    account_for(accounts, other, 2, values[:7], offset)
    judged = verdicts_of(accounts, other).judge(HOUR, HOUR)
    assert judged is not None
    assert judged.records == 7


def test_nothing_of_a_sensitive_field_is_kept_but_counts(accounts: Engine, tmp_path: Path) -> None:
    fields = [{**one, "sensitive": True} if one["name"] == "user" else one for one in DEFINITION["fields"]]
    definition = {**DEFINITION, "fields": fields}
    checks = record_checks(load_definition(definition))
    secret = "canary-9c41"
    values = [value.replace(b'"u7"', f'"{secret}"'.encode()) for value in records(100)]
    values += [f'nope "{secret}"'.encode(), f'{{"usr": "{secret}", "kind": "sale"}}'.encode()]
    for one in part(checks, 1, values).parts():
        assert secret.encode() not in one.profile
    account_for(accounts, checks, 1, values, 0)
    judged = verdicts_of(accounts, checks).judge(HOUR, HOUR)
    assert judged is not None
    assert secret not in json_text(judged.verdict.profile_payload)
    of_file = verdict_of_file(tmp_path / "events.jsonl", values, definition)
    assert (judged.verdict.score, dict(judged.verdict.deductions)) == (of_file.score, dict(of_file.deductions))
    assert judged.verdict.failed_validation_message == of_file.failed_validation_message
