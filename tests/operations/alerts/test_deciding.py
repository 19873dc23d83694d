"""What is decided, by plain examples and by any."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_core.errors import SettingsError
from etl_core.settings import read_rooms
from operations.alerts.deciding.alert import KINDS, Alert, Condition, Found, Kind
from operations.alerts.deciding.changes import changes, distinct
from operations.alerts.deciding.messages import compose, lasted
from operations.alerts.deciding.quiet_hours import read_quiet_hours
from operations.alerts.deciding.routes import Channel, channels_of, read_route
from operations.alerts.deciding.telling import News, Telling, due
from operations.alerts.settings import AlertSettings
from tests.operations.alerts.landscape import NOW, later, settings

DAY = timedelta(days=1)
OPS = Channel("ops")


def alert(number: int = 1, kind: Kind = "missing", **given: Any) -> Alert:  # noqa: ANN401 - any field
    base = Alert(number, kind, "tenant-a/trips", "warning", "It is not there.", "tenant-a", True, NOW, NOW)  # noqa: FBT003
    return replace(base, **given)


_KINDS = st.sampled_from(sorted(KINDS))
_CONDITIONS = st.lists(st.builds(Condition, _KINDS, st.sampled_from("abcd"), st.just("so it is")), max_size=12)


@given(_CONDITIONS, st.lists(st.tuples(_KINDS, st.sampled_from("abcd")), unique=True), st.frozensets(_KINDS))
def test_nothing_is_missing_from_the_account(
    conditions: list[Condition], kept: list[tuple[Kind, str]], whole: frozenset[Kind]
) -> None:
    alerts = [alert(number, kind, subject=subject) for number, (kind, subject) in enumerate(kept)]
    changed = changes(Found(tuple(conditions), whole), alerts)
    assert changed.holds(len(distinct(conditions)), len(alerts))
    wrong = {(one.kind, one.subject) for one in conditions}
    assert {(one.kind, one.subject) for one, _ in changed.seen} == wrong & set(kept)
    assert all(one.kind in whole for one in changed.resolved)
    assert all(one.kind not in whole for one in changed.left)


def test_an_alert_is_told_once_then_again_after_its_time_then_when_it_is_over() -> None:
    def news(one: Alert, at: datetime) -> list[News]:
        return [telling.news for telling in due([one], at, repeat=DAY).tellings]

    assert news(alert(), NOW) == ["opened"]
    assert news(alert(notified_at=NOW), later(23.9)) == []
    assert news(alert(notified_at=NOW), later(24)) == ["repeated"]
    assert news(alert(notified_at=NOW, resolved_at=later(1)), later(1)) == ["resolved"]
    assert news(alert(notified_at=NOW, resolved_at=later(1), resolution_told=True), later(2)) == []
    assert news(alert(resolved_at=later(1)), later(1)) == []  # nobody ever heard of it


def test_a_clock_that_goes_back_says_nothing_again() -> None:
    told = alert(notified_at=NOW)
    assert due([told], NOW - timedelta(hours=3), repeat=DAY) == due([told], NOW, repeat=DAY)
    far_ahead = due([told], NOW - timedelta(days=300), repeat=DAY)
    assert (far_ahead.tellings, far_ahead.ahead) == ((), (told,))


def test_what_a_graver_alert_took_the_place_of_ends_without_a_message() -> None:
    over = alert(1, "late", notified_at=NOW, resolved_at=NOW)
    both = due([over, alert(2, "missing")], NOW, repeat=DAY)
    assert ([one.news for one in both.tellings], both.silent) == (["opened"], (over,))
    assert [one.news for one in due([over, alert(2, subject="another")], NOW, repeat=DAY).tellings] == [
        "resolved",
        "opened",
    ]


def test_in_quiet_hours_only_what_is_critical_is_told_and_the_rest_when_they_are_over() -> None:
    quiet = [read_quiet_hours("22:00-07:00 Europe/Berlin")]
    night = datetime(2025, 12, 1, 2, tzinfo=timezone.utc)
    some = [
        alert(1),
        alert(2, severity="critical"),
        alert(3, notified_at=night - DAY),
        alert(4, notified_at=night, resolved_at=night),
    ]
    hushed = due(some, night, repeat=DAY, quiet=quiet)
    assert ([one.alert.id for one in hushed.tellings], hushed.held_back) == ([2], 3)
    assert len(due(some, night + timedelta(hours=4), repeat=DAY, quiet=quiet).tellings) == 4


@pytest.mark.parametrize(
    ("text", "moment", "is_quiet"),
    [
        ("22:00-07:00 UTC", "2025-12-01T22:00+00:00", True),
        ("22:00-07:00 UTC", "2025-12-01T06:59+00:00", True),
        ("22:00-07:00 UTC", "2025-12-01T07:00+00:00", False),
        ("12:00-13:00 Asia/Kolkata", "2025-12-01T06:30+00:00", True),
        ("sat-sun 00:00-00:00 Europe/Berlin", "2025-11-28T23:00+00:00", True),
        ("sat-sun 00:00-00:00 Europe/Berlin", "2025-11-30T23:00+00:00", False),
        ("fri-mon 20:00-06:00 UTC", "2026-12-01T05:00+00:00", True),
        ("fri-mon 20:00-06:00 UTC", "2026-12-01T21:00+00:00", False),
        ("sun 01:00-03:30 Europe/Berlin", "2026-10-25T00:30+00:00", True),  # 02:30, the first
        ("sun 01:00-03:30 Europe/Berlin", "2026-10-25T01:30+00:00", True),  # 02:30, the second
        ("sun 02:00-03:00 Europe/Berlin", "2026-03-29T01:00+00:00", False),  # an hour that this day does not have
    ],
)
def test_quiet_hours_go_by_the_clock_of_their_zone(text: str, moment: str, *, is_quiet: bool) -> None:
    assert read_quiet_hours(text).hold(datetime.fromisoformat(moment)) is is_quiet


def test_rules_choose_channels() -> None:
    routes = [read_route("oncall=severity:critical kind:mis* kind:failed_job"), read_route("a=agency:tenant-a")]
    channels = [OPS, Channel("oncall"), Channel("a"), Channel("chat", is_slack=True)]
    assert channels_of(alert(), channels, routes) == ("ops", "a", "chat")
    assert channels_of(alert(severity="critical", agency=None), channels, routes) == ("ops", "oncall", "chat")
    assert channels_of(alert(to_slack=False), channels, routes) == ("ops", "a")
    nobody = alert(agency=None)
    assert channels_of(nobody, channels, [read_route("a=agency:-")]) == ("ops", "oncall", "a", "chat")
    assert channels_of(nobody, channels, [read_route("a=agency:*"), read_route("a=kind:late")]) == channels_of(
        nobody, channels, []
    )


def test_a_few_are_messages_of_their_own_and_many_are_one() -> None:
    few = [Telling("opened", alert(1)), Telling("resolved", alert(2, notified_at=NOW, resolved_at=later(2.5)))]
    first, second = compose(few, [OPS], [], storm=3).messages
    assert (first.title, first.tone) == ("[warning] missing: tenant-a/trips", "warning")
    assert first.body == "It is not there.\nSeen since 2025-12-01 09:00 UTC."
    assert second.title == "[resolved] missing: tenant-a/trips"
    assert second.body.startswith(
        "No longer so. It was, from 2025-12-01 09:00 UTC to 2025-12-01 11:30 UTC (2 h 30 min): It"
    )
    storm = [Telling("opened", alert(n, subject=f"tenant/{n}" + "x" * 500)) for n in range(5000)]
    storm[4000] = Telling("opened", alert(4000, "failed_job", severity="critical", subject="run_etl"))
    (one,) = compose(storm, [OPS], [], storm=3).messages
    assert (one.title, one.tone, len(one.alerts)) == ("[critical] 5,000 alerts at once: 5,000 new", "critical", 5000)
    lines = one.body.split("\n")
    assert lines[:3] == ["4,999 missing", "1 failed job", "- critical failed job: run_etl"]
    assert lines[-1] == "and 4,988 more: the page /alerts of `serve`, or `alerts --list`"
    assert len(one.body) < 2500


def test_what_no_channel_wants_is_counted_and_stays_untold() -> None:
    composed = compose([Telling("opened", alert())], [OPS], [read_route("ops=kind:late")], storm=3)
    assert (composed.messages, composed.told, len(composed.unheard)) == ((), (), 1)


def test_a_name_cannot_leave_its_line() -> None:
    (one,) = compose([Telling("opened", alert(subject="a\n[critical] b\u202e"))], [OPS], [], storm=3).messages
    assert one.title == "[warning] missing: a\\n[critical] b\\u202e"


def test_spans_are_written_short() -> None:
    assert lasted(timedelta(days=3, minutes=4)) == "3 d 4 min"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("alert_urls", "slack://Secret/Secret/Secret", "part 1 of 1 is not NAME=ADDRESS"),
        ("alert_urls", "a=json://secret-host/1 a=json://secret-host/2", "two channels have one name"),
        ("alert_routes", "ops", "'ops' is no rule such as"),
        ("alert_routes", "ops=colour:red", "'colour:red' in 'ops=colour:red' is none of agency:PATTERN"),
        ("alert_routes", "ops=kind:lat", "'kind:lat' fits no kind; there are backlog_age"),
        ("alert_quiet", "22-07", "'22-07' is no span such as 22:00-07:00 Europe/Berlin"),
        ("alert_quiet", "22:00-07:00 Europe/Nowhere", "'Europe/Nowhere' is no time zone"),
        ("alert_quiet", "22:00-07:00 ../../etc/passwd", "'../../etc/passwd' is no time zone"),
        ("alert_quiet", "25:00-07:00 UTC", "names a time that no clock shows"),
        ("alert_quiet", "sat-son 22:00-07:00 UTC", "'son' is none of mon"),
        ("alert_repeat", "often", "it is no span from 1s to 400d"),
        ("alert_repeat", "99999999d", "it is no span"),
        ("alert_critical", "missing,laet", "no kind of alert is called 'laet'"),
        ("alert_storm", "1", "greater than or equal to 2"),
    ],
)
def test_a_wrong_setting_is_told_and_no_address_is(name: str, value: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_rooms([AlertSettings], None, **{name: value})
    assert f"{name.upper()}: " in str(caught.value)
    assert said in str(caught.value)
    assert "Secret" not in str(caught.value)
    assert "secret-host" not in str(caught.value)


def test_tokens_of_addresses_are_secrets_and_plain_words_are_not() -> None:
    own = settings(
        alert_urls="ops=slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#alerts"
        " mail=mailto://user:p%40ss@mail.example.com?to=ops@example.com web=json://hooks.example.com/alerts?key=0a1b2c3d4e5f"
    )
    secrets = set(own.secrets())
    assert {"T1JJ3T3L2", "A1BRTD4JD", "TIiajkdnlazkcOXrIdevi7FQ", "p%40ss", "p@ss", "0a1b2c3d4e5f"} <= secrets
    assert not {"alerts", "user", "ops", "", "to"} & secrets
    assert list(own.channels) == ["ops", "mail", "web"]
