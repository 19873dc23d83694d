"""Messages reach real receivers, each channel by itself, whatever the others do."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from apprise.plugins.custom_json import NotifyJSON
from apprise.plugins.slack import NotifySlack
from structlog.testing import capture_logs

from etl_core.errors import SettingsError
from operations.alerts.deciding.messages import Message
from operations.alerts.sending.channels import open_channels
from operations.alerts.sending.delivering import deliver
from operations.alerts.sending.outbox import MOST_TRIES, Outbox, put
from tests.operations.alerts.landscape import NOW, Inbox, later, settings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from operations.alerts.sending.channels import AppriseChannel
    from operations.alerts.sending.delivering import Delivered, Sender
    from tests.operations.alerts.landscape import Landscape
    from tests.operations.alerts.receivers import Mailbox, Receiver

SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"


@pytest.fixture
def slack(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Receiver:
    """Slack's own plugin, whose service is on this machine and in no hurry to be asked slowly."""
    monkeypatch.setattr(NotifySlack, "webhook_url", f"http://127.0.0.1:{receiver.port}/services")
    monkeypatch.setattr(NotifySlack, "request_rate_per_sec", 0)
    return receiver


def channels(urls: str, seconds: float = 20.0) -> tuple[AppriseChannel, ...]:
    own = settings(alert_urls=urls)
    return open_channels(own.channels, seconds, own.secrets())


def queue(landscape: Landscape, *titles: str, channel: str = "ops", at: datetime = NOW) -> None:
    with landscape.engine.begin() as connection:
        put(connection, [Message(channel, "warning", title, "body", (1,)) for title in titles], at)


def send(landscape: Landscape, senders: Sequence[Sender], at: datetime = NOW) -> Delivered:
    return deliver(Outbox(landscape.engine), senders, lambda: at)


def states(landscape: Landscape) -> list[tuple[str, str, int]]:
    return landscape.rows("SELECT title, state, tries FROM pipeline.alert_delivery ORDER BY id")


def test_a_webhook_slack_and_mail_get_what_is_theirs(slack: Receiver, mailbox: Mailbox) -> None:
    web, chat, mail = channels(
        f"web={slack.url()} chat={SLACK}/#alerts mail=mailto://127.0.0.1:{mailbox.port}?from=a@example.com&to=b@example.com"
    )
    assert (web.channel.is_slack, chat.channel.is_slack) == (False, True)
    hostile = "<!channel> <https://example.com|click> *b* & <script>"
    assert [one.send("critical", "[critical] missing", hostile) for one in (web, chat, mail)] == [None, None, None]
    (path, posted), (slack_path, message) = slack.posts
    assert (path, posted["title"], posted["message"], posted["type"]) == (
        "/hook", "[critical] missing", hostile, "failure",
    )  # fmt: skip
    assert slack_path == "/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
    assert message["channel"] == "#alerts"
    assert message["attachments"][0]["text"].startswith("&lt;!channel&gt; &lt;https://example.com|click&gt; *b* &amp;")
    (came,) = mailbox.mails
    assert (came["subject"], came["to"]) == ("[critical] missing", "b@example.com")
    assert came.get_content_type() == "text/plain"
    assert came.get_content().strip() == hostile


@pytest.mark.parametrize("status", [429, 500, 404])
def test_a_refusal_is_a_reason_without_secrets(slack: Receiver, status: int) -> None:
    slack.answer = lambda _path: status
    (chat,) = channels(f"chat={SLACK}")
    said = chat.send("warning", "title", "body")
    assert said is not None
    assert str(status) in said
    assert "TIiajk" not in said


def test_a_channel_that_hangs_takes_its_time_and_no_more_and_is_not_asked_again_meanwhile(receiver: Receiver) -> None:
    receiver.answer = lambda path: 0 if path == "/hangs" else 200
    slow, quick = channels(f"slow={receiver.url('hangs')}?rto=60 quick={receiver.url()}", 0.2)
    assert slow.send("warning", "a", "b") == "it gave no answer in time"
    assert slow.send("warning", "a", "b") == "a message before this one still has no answer"
    quick._seconds = 60
    assert quick.send("warning", "a", "b") is None
    receiver.released.set()
    assert slow._under_way is not None
    slow._under_way.join(60)


def test_nobody_listens_and_a_plugin_that_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    (away,) = channels("away=json://127.0.0.1:1/hook")
    assert away.send("warning", "a", "b") == "A Connection error occurred sending JSON notification to 127.0.0.1."

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("TIiajkdnlazkcOXrIdevi7FQ")

    monkeypatch.setattr(NotifyJSON, "send", broken)
    assert away.send("warning", "a", "b") == "RuntimeError"


def test_an_address_that_apprise_does_not_know_is_named_and_not_shown() -> None:
    with pytest.raises(SettingsError) as caught:
        channels("good=json://host bad=slak://SecretToken also=slack://x")
    assert [problem[:45] for problem in caught.value.problems] == [
        "ALERT_URLS: the address of channel 'bad' is n",
        "ALERT_URLS: the address of channel 'also' is ",
    ]
    assert "SecretToken" not in str(caught.value)


def test_what_is_sent_leaves_the_outbox_in_its_order(landscape: Landscape) -> None:
    queue(landscape, "a", "b", "c")
    ops, other = Inbox(), Inbox("other")
    assert send(landscape, [ops, other]).tries == {("ops", "sent"): 3}
    assert ops.titles == ["a", "b", "c"]
    assert send(landscape, [ops, other]).tries == {}
    assert {state for _, state, _ in states(landscape)} == {"sent"}


def test_a_channel_that_takes_nothing_rests_longer_each_time_and_keeps_its_order(landscape: Landscape) -> None:
    queue(landscape, "a", "b", "c")
    ops, other = Inbox(), Inbox("other")
    queue(landscape, "x", channel="other")
    ops.refuses = "error=503"
    assert send(landscape, [ops, other]).tries == {("ops", "failed"): 2, ("other", "sent"): 1}
    assert states(landscape)[:3] == [("a", "waiting", 1), ("b", "waiting", 1), ("c", "waiting", 1)]
    queue(landscape, "d")
    assert send(landscape, [ops], NOW + timedelta(seconds=59)).tries == {}
    send(landscape, [ops], NOW + timedelta(seconds=60))
    assert send(landscape, [ops], NOW + timedelta(seconds=179)).tries == {}
    ops.refuses = None
    assert send(landscape, [ops], NOW + timedelta(seconds=180)).tries == {("ops", "sent"): 4}
    assert ops.titles == ["a", "b", "c", "d"]
    assert landscape.rows("SELECT * FROM pipeline.alert_channel") == []


def test_a_message_that_is_to_blame_itself_holds_nobody_up(landscape: Landscape) -> None:
    class Picky(Inbox):
        def send(self, tone: str, title: str, body: str) -> str | None:
            self.refuses = "error=400" if title == "bad" else None
            return super().send(tone, title, body)

    queue(landscape, "bad", "good")
    picky = Picky()
    send(landscape, [picky])
    queue(landscape, "also good")
    assert send(landscape, [picky]).tries == {("ops", "sent"): 1}
    assert picky.titles == ["good", "also good"]
    assert send(landscape, [picky], NOW + timedelta(seconds=60)).count("failed") == 1


def test_a_channel_that_is_down_for_hours_is_tried_so_often_and_what_is_given_up_is_named(landscape: Landscape) -> None:
    queue(landscape, "a", "b", "c")
    ops, at = Inbox(), NOW
    ops.refuses = "error=503"
    with capture_logs() as logs:
        for _ in range(MOST_TRIES):
            assert send(landscape, [ops], at).count("failed") == 2
            last = at
            ((at,),) = landscape.rows("SELECT rests_until FROM pipeline.alert_channel")
    assert states(landscape) == [(title, "given_up", MOST_TRIES) for title in "abc"]
    assert timedelta(hours=5) < last - NOW < timedelta(hours=6)
    named = [line["title"] for line in logs if line["log_level"] == "error"]
    assert named == ["a", "b", "c"]


def test_a_clock_that_was_far_ahead_holds_nobody_back(landscape: Landscape) -> None:
    queue(landscape, "a", at=later(24 * 300))
    ops = Inbox()
    ops.refuses = "no"
    send(landscape, [ops], later(24 * 300))
    ops.refuses = None
    assert send(landscape, [ops], NOW).count("sent") == 1


def test_messages_for_a_channel_that_nobody_names_any_more_wait_a_day(landscape: Landscape) -> None:
    queue(landscape, "a", channel="gone")
    assert send(landscape, [Inbox()], later(23)).tries == {}
    assert send(landscape, [], later(48)).tries == {}  # somebody without any setting decides nothing
    assert send(landscape, [Inbox()], later(25)).tries == {("gone", "given_up"): 1}
