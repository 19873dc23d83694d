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
DAY = datetime(2025, 12, 1, tzinfo=timezone.utc)
DUE = timedelta(hours=6)
FREE_TEXT = "a text of somebody else"


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
            self.arrives(name, "pending")

    def comes(self, name: str, hours: float, score: int = 98, *, passed: bool = True) -> None:
        day = at(hours).replace(hour=0, minute=0)
        self.arrives(name, "on_time" if hours % 24 <= 6.25 else "late", at(hours), day=day)
        self._judged(name, at(hours), score, passed=passed)

    def drifts(self, name: str, hours: float, state: str) -> None:
        self.landscape.execute(
            """INSERT INTO pipeline.observation (monitoring_file_run_id, monitoring_file_id, agency_slug, file_name,
                   run_date, run_hour, metric, column_name, state, value, expected_low, expected_high, reason,
                   observed_at)
               VALUES (:run, :file, 'b', :run, :date, :hour, 'rows', '', :state, 2400, 4600, 5400, :reason, :at)""",
            file=str(self.files[name]), run=f"{name} {hours}", date=at(hours).date(), hour=at(hours).hour, state=state,
            reason=FREE_TEXT, at=at(hours),
        )  # fmt: skip

    def arrives(self, name: str, state: str, arrived: datetime | None = None, *, day: datetime = DAY) -> None:
        file = str(self.files[name])
        self.landscape.execute(
            "DELETE FROM pipeline.arrival WHERE monitoring_file_id = :file AND due_at = :due", file=file, due=day + DUE
        )
        self.landscape.execute(
            """INSERT INTO pipeline.arrival (monitoring_file_id, due_at, window_start, on_time_from, late_after, state,
                   is_learned, arrived_at, duplicates, unexpected, judged_at)
               VALUES (:file, :due, :start, :start, :late, :state, false, :arrived, 0, 0, :due)""",
            file=file, start=day, due=day + DUE, late=day + timedelta(hours=6.25), state=state, arrived=arrived,
        )  # fmt: skip

    def _judged(self, name: str, moment: datetime, score: int, *, passed: bool = True) -> None:
        rules: list[tuple[Any, ...]] = (
            [] if passed else [("required", "driver", "error", 1200, 5000, {"examples": [FREE_TEXT]})]
        )
        self.landscape.run(self.files[name], moment, score, passed=passed, rules=rules)


def _make_tables(landscape: Landscape) -> None:
    """Those that `check_arrivals` and `observe` fill, where a database has none of them."""
    landscape.execute("""
        CREATE TABLE IF NOT EXISTS pipeline.arrival (monitoring_file_id text, due_at timestamptz,
            window_start timestamptz, on_time_from timestamptz, late_after timestamptz, state text, is_learned boolean,
            arrived_at timestamptz, duplicates integer, unexpected integer, judged_at timestamptz)
    """)
    landscape.execute("""
        CREATE TABLE IF NOT EXISTS pipeline.observation (monitoring_file_run_id text, monitoring_file_id text,
            agency_slug text, file_name text, run_date date, run_hour integer, metric text, column_name text,
            state text, value double precision, expected_low double precision, expected_high double precision,
            reason text, observed_at timestamptz)
    """)


def test_a_day_played(own_landscape: Landscape, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(NotifySlack, "webhook_url", f"http://127.0.0.1:{receiver.port}/slack")
    monkeypatch.setattr(NotifySlack, "request_rate_per_sec", 0)
    _make_tables(own_landscape)
    own = settings(
        alert_urls=f"chat=slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ oncall={receiver.url('oncall')}"
        f" b={receiver.url('tenant-b')}",
        alert_routes="oncall=severity:critical, b=agency:tenant-b",
        alert_quiet="22:00-06:00 UTC",
        alert_repeat="12h",
    )
    channels = open_channels(own.channels, 20, own.secrets())
    day, rows = Day(own_landscape), list[str]()

    def look(hours: float, what: str) -> list[str]:
        """A round at an hour; the lines of the table it gives."""
        receiver.posts.clear()
        _, delivered = run_round(own_landscape.engine, Asked(at(hours)), own, channels, lambda: at(hours))
        assert delivered.count("failed") == 0
        assert FREE_TEXT not in str(receiver.posts)
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
        if name not in {*late, missing}:
            failed = name == failing
            day.comes(name, 5.9, 41 if failed else 98, passed=not failed)
    day.drifts(drifting, 6, "unusual")
    for name in (*late, missing):
        day.arrives(name, "missing")
    assert look(6.5, "16 files are there, one failed, one has half its rows; four are missing") == [
        "b [critical] missing: tenant-b/b01",
        "b [critical] missing: tenant-b/b02",
        "b [warning] drift: tenant-b/b03: rows",
        "chat [critical] missing: tenant-a/a01",
        "chat [critical] missing: tenant-a/a02",
        "chat [warning] failed verdict: tenant-a/a03",
        "oncall [critical] missing: tenant-a/a01",
        "oncall [critical] missing: tenant-a/a02",
        "oncall [critical] missing: tenant-b/b01",
        "oncall [critical] missing: tenant-b/b02",
    ]
    assert look(7, "the same") == []
    for name in late:
        day.comes(name, 7.5)
    assert look(8, "three have come, late") == [
        "b [resolved] missing: tenant-b/b01",
        "b [warning] late: tenant-b/b01",
        "chat [resolved] missing: tenant-a/a01",
        "chat [resolved] missing: tenant-a/a02",
        "chat [warning] late: tenant-a/a01",
        "chat [warning] late: tenant-a/a02",
        "oncall [resolved] missing: tenant-a/a01",
        "oncall [resolved] missing: tenant-a/a02",
        "oncall [resolved] missing: tenant-b/b01",
    ]
    day.landscape.run(day.files[failing], at(10), 98)
    assert look(10.5, "the failed file came again and passed") == ["chat [resolved] failed verdict: tenant-a/a03"]
    assert look(18.5, "12 h later what is open is told again") == [
        "b [still critical] missing: tenant-b/b02",
        "b [still warning] drift: tenant-b/b03: rows",
        "oncall [still critical] missing: tenant-b/b02",
    ]
    assert look(20, "and what opened at 08:00") == [
        "b [still warning] late: tenant-b/b01",
        "chat [still warning] late: tenant-a/a01",
        "chat [still warning] late: tenant-a/a02",
    ]
    for name in day.files:
        day.comes(name, 28.9)
    day.drifts(drifting, 28.9, "normal")
    assert look(29, "all are there, on time; quiet until 06:00") == [
        "b [resolved] missing: tenant-b/b02",
        "oncall [resolved] missing: tenant-b/b02",
    ]
    assert look(30, "the quiet hours are over") == [
        "b [resolved] drift: tenant-b/b03: rows",
        "b [resolved] late: tenant-b/b01",
        "chat [resolved] late: tenant-a/a01",
        "chat [resolved] late: tenant-a/a02",
    ]
    assert own_landscape.rows("SELECT 1 FROM pipeline.alert WHERE resolved_at IS NULL OR NOT resolution_told") == []
    written = "\n".join(["| when | what happens | channel | message |", "|---|---|---|---|", *rows])
    assert written in PAGE.read_text(encoding="utf-8"), f"docs/alerts.md shows another day:\n{written}"
