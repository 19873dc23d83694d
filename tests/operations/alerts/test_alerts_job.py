"""The job `alerts`: its exit codes, its line of the audit, what it prints, what it never prints."""

from __future__ import annotations

import os
import re
import signal
from typing import TYPE_CHECKING

import pytest
from rich.console import Console
from sqlalchemy import event
from sqlalchemy.engine import Engine

from jobs.operations import alerts
from jobs.registry import load_job
from jobs.running.job_run import run_job
from jobs.running.settings import read_settings
from jobs.running.wiring import Program
from operations.alerts.round import alone
from tests.databases import login
from tests.operations.alerts.landscape import NOW

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.operations.alerts.landscape import Landscape
    from tests.operations.alerts.receivers import Receiver

AT = ["--at", "2025-12-01T09:00:00Z"]


@pytest.fixture
def run(landscape: Landscape, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., int]:
    """The job as its registry starts it, with variables."""
    monkeypatch.chdir(tmp_path)

    def start(*arguments: str, url: str | None = None, **variables: str) -> int:
        for name, value in {"DATABASE_URL": url or landscape.url, **variables}.items():
            monkeypatch.setenv(name, value)
        return run_job(load_job("alerts"), list(arguments))

    return start


def line(landscape: Landscape) -> tuple[str, str, str]:
    found = landscape.rows(
        "SELECT step, status, message FROM pipeline.audit WHERE job = 'alerts' ORDER BY at DESC LIMIT 1"
    )
    step, status, message = found[0]
    return step, status, message


def test_once_tells_and_leaves_its_line_and_is_quiet_the_next_time(
    run: Callable[..., int], landscape: Landscape, receiver: Receiver, tmp_path: Path
) -> None:
    landscape.announced("dead")
    given = {"ALERT_URLS": f"ops={receiver.url()}", "METRICS_FILE": str(tmp_path / "alerts.prom")}
    assert run("--once", *AT, **given) == 0
    assert receiver.titles() == ["[warning] dead letter: object 1"]
    assert line(landscape) == ("once", "succeeded", "1 opened, 1 told; messages: 1 sent")
    figures = (tmp_path / "alerts.prom").read_text()
    assert 'pipeline_alerts_open{kind="dead_letter",severity="warning"} 1.0' in figures
    assert 'pipeline_alert_deliveries_total{channel="ops",outcome="sent"} 1.0' in figures
    assert run(*AT, **given) == 0
    assert len(receiver.posts) == 1


def test_a_dry_run_and_a_list_change_nothing_and_say_everything(
    run: Callable[..., int], landscape: Landscape, receiver: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    landscape.announced("dead")
    assert run("--dry-run", *AT, ALERT_URLS=f"ops={receiver.url()}", COLUMNS="200") == 0
    said = capsys.readouterr().out
    assert "dead letter: object 1" in said
    assert "1 opened, 1 told" in said
    assert landscape.rows("SELECT 1 FROM pipeline.alert") == []
    assert run(*AT, ALERT_URLS="") == 0
    assert run("--list") == 0
    assert "object 1" in capsys.readouterr().out
    assert receiver.posts == []


def test_what_waits_is_75_what_was_given_up_1_and_no_secret_is_anywhere(
    run: Callable[..., int], landscape: Landscape, receiver: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    receiver.answer = lambda _path: 503
    landscape.announced("dead")
    given = {"ALERT_URLS": f"ops={receiver.url('hook/Tok3nOfAWebhook')}", "LOG_LEVEL": "DEBUG"}
    assert run(*AT, **given) == 75
    assert line(landscape)[1] == "postponed"
    landscape.execute("UPDATE pipeline.alert_delivery SET tries = 15")
    landscape.execute("UPDATE pipeline.alert_channel SET rests_until = :now", now=NOW)
    assert run(*AT, **given) == 1
    told = capsys.readouterr()
    assert "a message of alerts was given up" in told.err
    kept = landscape.rows(
        "SELECT CAST(d AS text), CAST(c AS text) FROM pipeline.alert_delivery d, pipeline.alert_channel c"
    )
    assert "error=503" in str(kept)
    assert "Tok3n" not in told.out + told.err + str(kept)


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"ALERT_URLS": "ops=nothing://Tok3nOfAWebhook"}, "the address of channel 'ops' is none that Apprise knows"),
        ({"ALERT_URLS": "ops=json://host", "ALERT_ROUTES": "oncal=kind:late"}, "no channel oncal; ALERT_URLS has ops"),
    ],
)
def test_wrong_settings_are_2(
    run: Callable[..., int], variables: dict[str, str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(**variables) == 2
    told = capsys.readouterr().err
    assert said in " ".join(re.sub("[│\n]", " ", told).split())
    assert "Tok3n" not in told


def test_a_second_process_gives_way(run: Callable[..., int], landscape: Landscape) -> None:
    with alone(landscape.engine):
        assert run(*AT) == 75
    assert run(*AT) == 0


def test_watching_goes_on_until_a_signal(run: Callable[..., int], landscape: Landscape, receiver: Receiver) -> None:
    def answer(_path: str) -> int:
        os.kill(os.getpid(), signal.SIGTERM)
        return 200

    receiver.answer = answer
    landscape.announced("dead")
    assert run("--watch", ALERT_URLS=f"ops={receiver.url()}") == 0
    assert len(receiver.posts) == 1
    assert line(landscape)[:2] == ("watch", "succeeded")


def test_a_writer_has_the_rights_it_needs(run: Callable[..., int], landscape: Landscape, receiver: Receiver) -> None:
    landscape.announced("dead")
    with login(landscape.engine, "pipeline_writer") as writer:
        url = writer.url.render_as_string(hide_password=False)
        assert run(*AT, url=url, ALERT_URLS=f"ops={receiver.url()}") == 0
    assert len(receiver.posts) == 1


def test_who_only_looks_needs_a_readers_rights_and_changes_nothing(
    run: Callable[..., int], landscape: Landscape, capsys: pytest.CaptureFixture[str]
) -> None:
    landscape.announced("dead")
    with login(landscape.engine, "pipeline_reader") as reader:
        url = reader.url.render_as_string(hide_password=False)
        assert run("--dry-run", "--at", "2999-01-01", url=url) == 0
        assert run("--list", url=url) == 0
        assert "no line in pipeline.audit" not in capsys.readouterr().err
        assert run("--once", *AT, url=url) == 2
        assert "INSERT" in capsys.readouterr().err
    assert landscape.rows("SELECT 1 FROM pipeline.alert") == []


def test_a_moment_to_come_is_refused(
    run: Callable[..., int], landscape: Landscape, capsys: pytest.CaptureFixture[str]
) -> None:
    landscape.announced("dead")
    assert run("--at", "2999-01-01") == 2
    assert "is in the future" in " ".join(capsys.readouterr().err.split())
    assert landscape.rows("SELECT 1 FROM pipeline.alert") == []


def test_a_storm_is_one_message_and_a_bounded_number_of_statements(landscape: Landscape, receiver: Receiver) -> None:
    landscape.execute("""
        INSERT INTO pipeline.object_inbox (bucket, key, source, received_at, due_at, updated_at, state, reason)
        SELECT 'landing', 'k' || n, 'queue', now(), now(), now(), 'dead', 'broken' FROM generate_series(1, 5000) n
    """)
    program = Program(
        read_settings(None, database_url=landscape.url, alert_urls=f"ops={receiver.url()} b={receiver.url('b')}"),
        Console(),
    )
    statements: list[str] = []

    def count(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(Engine, "before_cursor_execute", count)
    try:
        assert alerts.main([], program) == 0
        first = len(statements)
        landscape.execute("UPDATE pipeline.object_inbox SET state = 'done', reason = NULL")
        assert alerts.main([], program) == 0
    finally:
        event.remove(Engine, "before_cursor_execute", count)
    assert max(first, len(statements) - first) < 250  # most of them look at the form of the tables, once
    assert sorted(receiver.titles("/b")) == [
        "[resolved] 5,000 alerts at once: 5,000 resolved",
        "[warning] 5,000 alerts at once: 5,000 new",
    ]
    assert len(receiver.posts) == 4
