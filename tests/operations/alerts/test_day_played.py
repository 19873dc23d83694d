"""A day of twenty files, played hour by hour: what arrives at the receivers. docs/alerts.md shows it as a table."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apprise.plugins.slack import NotifySlack

from operations.alerts.finding.source import Asked
from operations.alerts.round import run_round
from operations.alerts.sending.channels import open_channels
from tests.operations.alerts.landscape import settings

if TYPE_CHECKING:
    import pytest

    from tests.operations.alerts.landscape import Landscape
    from tests.operations.alerts.receivers import Receiver

PAGE = Path(__file__).resolve().parents[3] / "docs" / "alerts.md"
DAY = datetime(2026, 11, 30, tzinfo=timezone.utc)
DUE = timedelta(hours=6)


def at(hours: float) -> datetime:
    return DAY + timedelta(hours=hours)


class Day:
    """Twenty files of two agencies, each due at 06:00; those of tenant-b do not want Slack."""

    def __init__(self, landscape: Landscape) -> None:
        self.landscape = landscape
        self.files = {
            name: landscape.file(agency, name, slack=agency == "tenant-a")
            for agency in ("tenant-a", "tenant-b")
            for name in (f"{agency[-1]}{number:02d}" for number in range(1, 11))
        }
        for name in self.files:
            for day in range(1, 4):
                self._judged(name, at(6) - timedelta(days=day), 98)

    def expects(self) -> None:
        for name in self.files:
            self._arrival(name, "pending", None)

    def comes(self, name: str, hours: float, state: str, score: int = 98, *, passed: bool = True) -> None:
        self._arrival(name, state, at(hours))
        self._judged(name, at(hours), score, passed=passed)

    def is_missing(self, name: str) -> None:
        self._arrival(name, "missing", None)

    def is_late(self, name: str) -> None:
        self._arrival(name, "late", None)

    def drifts(self, name: str, hours: float, state: str) -> None:
        self.landscape.execute(
            """INSERT INTO pipeline.observation (monitoring_file_id, monitoring_file_run_id, observed_at, metric, state,
                   value, expected_low, expected_high, unusualness, reason)
               VALUES (:file, :run, :at, 'row_count', :state, 2400, 4600, 5400, 9.1, 'a text of somebody')""",
            file=str(self.files[name]), run=f"{name} {hours}", at=at(hours), state=state,
        )  # fmt: skip

    def _arrival(self, name: str, state: str, arrived: datetime | None) -> None:
        file = str(self.files[name])
        self.landscape.execute("DELETE FROM pipeline.arrival WHERE monitoring_file_id = :file", file=file)
        self.landscape.execute(
            """INSERT INTO pipeline.arrival (monitoring_file_id, window_start, due_at, state, arrived_at, judged_at)
               VALUES (:file, :start, :due, :state, :arrived, :due)""",
            file=file, start=DAY, due=DAY + DUE, state=state, arrived=arrived,
        )  # fmt: skip

    def _judged(self, name: str, moment: datetime, score: int, *, passed: bool = True) -> None:
        rules: list[tuple[Any, ...]] = (
            [] if passed else [("required", "driver", "error", 1200, 5000, {"examples": ["x"]})]
        )
        self.landscape.run(self.files[name], moment, score, passed=passed, rules=rules)


def _make_tables(landscape: Landscape) -> None:
    landscape.execute("""
        CREATE TABLE IF NOT EXISTS pipeline.arrival (monitoring_file_id text, window_start timestamptz,
            due_at timestamptz, state text, arrived_at timestamptz, judged_at timestamptz)
    """)
    landscape.execute("""
        CREATE TABLE IF NOT EXISTS pipeline.observation (monitoring_file_id text, monitoring_file_run_id text,
            observed_at timestamptz, metric text, column_name text, state text, value double precision,
            expected_low double precision, expected_high double precision, unusualness double precision, reason text)
    """)


def test_a_day_played(own_landscape: Landscape, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(NotifySlack, "webhook_url", f"http://127.0.0.1:{receiver.port}/slack")
    monkeypatch.setattr(NotifySlack, "request_rate_per_sec", 0)
    _make_tables(own_landscape)
    own = settings(
        alert_urls=f"chat=slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ oncall={receiver.url('oncall')}"
        f" b={receiver.url('tenant-b')}",
        alert_routes="oncall=severity:critical, b=agency:tenant-b",
        alert_quiet="20:00-05:00 UTC",
        alert_repeat="12h",
    )
    channels = open_channels(own.channels, 20, own.secrets())
    day, rows = Day(own_landscape), list[str]()

    def look(hours: float, what: str) -> list[str]:
        """A round at an hour; the lines of the table it gives."""
        receiver.posts.clear()
        _, delivered = run_round(own_landscape.engine, Asked(at(hours)), own, channels, lambda: at(hours))
        assert delivered.count("failed") == 0
        places = {"slack": "chat", "oncall": "oncall", "tenant-b": "b"}
        came = [
            (places[path.split("/")[1]], title)
            for (path, _), title in zip(receiver.posts, receiver.titles(), strict=True)
        ]
        came.sort()
        clock = f"{at(hours):%H:%M}" if hours < 24 else f"{at(hours):%H:%M} +1"
        for number, (channel, title) in enumerate(came or [("", "")]):
            begin = f"{clock} | {what}" if number == 0 else " | "
            rows.append(f"| {begin} | {channel} | {title} |")
        return [f"{channel} {title}" for channel, title in came]

    day.expects()
    assert look(5.5, "nothing is due yet") == []
    late, missing, failing, drifting = ("a01", "a02", "b01"), "b02", "a03", "b03"
    for name in day.files:
        if name in {failing, drifting} or name not in {*late, missing}:
            failed = name == failing
            day.comes(name, 5.9, "on_time", 41 if failed else 98, passed=not failed)
    day.drifts(drifting, 6, "unusual")
    for name in (*late, missing):
        day.is_late(name)
    assert look(6.5, "16 files are there, one failed, one has half its rows; four are not there") == [
        "b [warning] drift: tenant-b/b03: row_count",
        "b [warning] late: tenant-b/b01",
        "b [warning] late: tenant-b/b02",
        "chat [warning] failed verdict: tenant-a/a03",
        "chat [warning] late: tenant-a/a01",
        "chat [warning] late: tenant-a/a02",
    ]
    assert look(7, "the same") == []
    for name in late:
        day.comes(name, 7.5, "late")
    assert look(8, "three have come, late") == []
    day.is_missing(missing)
    assert look(9, "the fourth is given up") == [
        "b [critical] missing: tenant-b/b02",
        "oncall [critical] missing: tenant-b/b02",
    ]
    day.comes(failing, 10, "on_time")
    assert look(10.5, "the failed file came again and passed") == ["chat [resolved] failed verdict: tenant-a/a03"]
    assert look(19, "what is open is told again after 12 h") == [
        "b [still warning] drift: tenant-b/b03: row_count",
        "b [still warning] late: tenant-b/b01",
        "chat [still warning] late: tenant-a/a01",
        "chat [still warning] late: tenant-a/a02",
    ]
    day.drifts(drifting, 20.5, "normal")
    assert look(21, "quiet hours: the drift is over, the file still missing") == [
        "b [still critical] missing: tenant-b/b02",
        "oncall [still critical] missing: tenant-b/b02",
    ]
    for name in day.files:
        day.comes(name, 28.9, "on_time")
    assert look(28.9, "all are there, still quiet") == [
        "b [resolved] missing: tenant-b/b02",
        "oncall [resolved] missing: tenant-b/b02",
    ]
    assert look(29, "the quiet hours are over") == [
        "b [resolved] drift: tenant-b/b03: row_count",
        "b [resolved] late: tenant-b/b01",
        "chat [resolved] late: tenant-a/a01",
        "chat [resolved] late: tenant-a/a02",
    ]
    assert own_landscape.rows("SELECT 1 FROM pipeline.alert WHERE resolved_at IS NULL OR NOT resolution_told") == []
    written = "\n".join(["| when | what happens | channel | message |", "|---|---|---|---|", *rows])
    assert written in PAGE.read_text(encoding="utf-8"), f"docs/alerts.md shows another day:\n{written}"
