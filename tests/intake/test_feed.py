"""What stands behind the stream waits outages out and hands nothing to plans."""

from __future__ import annotations

import json
import pickle
import stat
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dq.events.object_event import ObjectEvent
from dq.intake.feed import Feed
from dq.intake.feed_settings import FeedSettings, handed_over, read_feed_settings
from dq.intake.stream_source import InboxPartition, InboxStreamReader
from dq.ledger.inbox import Inbox
from dq.ledger.migrate import migrate
from etl_core.postgres.database import connect
from etl_core.postgres.embedded import embedded_postgres
from etl_core.queue.sqs import QueueAccess
from tests.ledger.consumer import last_batch

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 1, 4, 12, tzinfo=timezone.utc)
EVENTS = [ObjectEvent("landing", f"k{number}") for number in range(5)]


def clock() -> datetime:
    """It is always noon."""
    return NOW


@pytest.fixture
def settings(ledger_url: str) -> FeedSettings:
    """Two rows a batch, no queue, no rest."""
    return FeedSettings(ledger_url, "me", max_files=2, idle_seconds=0)


@pytest.fixture
def feed(settings: FeedSettings, inbox: Inbox) -> Iterator[Feed]:
    """On a ledger with its tables."""
    assert last_batch(inbox.engine) == 0
    made = Feed(settings, clock)
    yield made
    made.close()


def test_each_call_claims_the_next_batch_and_no_work_gives_the_start_back(feed: Feed, inbox: Inbox) -> None:
    """The batches of a range are those of which rows are held."""
    inbox.add(EVENTS, now=NOW)
    assert [feed.next_batch(start) for start in (0, 1, 2, 3)] == [1, 2, 3, 3]
    ranges = ((0, 1), (0, 2), (2, 3), (0, 3), (3, 3))
    assert [feed.held(after, upto) for after, upto in ranges] == [(1,), (1, 2), (3,), (1, 2, 3), ()]


def test_a_restart_frees_what_the_earlier_run_held(feed: Feed, settings: FeedSettings, inbox: Inbox) -> None:
    """A batch that Spark plans again is empty then, and the rows come in a new one."""
    inbox.add(EVENTS[:2], now=NOW)
    assert feed.next_batch(0) == 1
    restarted = Feed(settings, clock)
    assert restarted.held(0, 1) == ()
    assert restarted.next_batch(1) == 2
    assert len(restarted.held(1, 2)) == 1
    restarted.close()


def test_another_owner_keeps_its_rows(feed: Feed, inbox: Inbox) -> None:
    """A restart frees its own name only."""
    inbox.add(EVENTS[:2], now=NOW)
    inbox.claim(2, 60, "other", NOW)
    assert feed.next_batch(0) == 0
    assert len(inbox.items(0, 1, "other")) == 2


def test_an_outage_is_waited_out(tmp_path: Path) -> None:
    """The offset stays where it is until the database is back."""
    with embedded_postgres(tmp_path / "postgres") as server:
        engine = connect(server.dsn)
        migrate(engine)
        Inbox(engine).add(EVENTS[:1], now=NOW)
        engine.dispose()
        settings = FeedSettings(server.dsn, "me", idle_seconds=0)
        feed, late = Feed(settings, clock), Feed(settings, clock)
        assert feed.next_batch(7) == 8
    assert feed.next_batch(8) == 8
    assert late.next_batch(0) == 0
    with embedded_postgres(tmp_path / "postgres"):
        assert len(feed.held(7, 8)) == 1
        assert feed.next_batch(8) == 8
        feed.close()
        late.close()


def test_a_queue_that_is_away_leaves_the_ledgers_own_rows(settings: FeedSettings, inbox: Inbox) -> None:
    """They are worked on all the same."""
    inbox.add(EVENTS[:1], now=NOW)
    queue = QueueAccess("http://127.0.0.1:9/1/q", "http://127.0.0.1:9", "us-east-1", "a", "b")
    feed = Feed(FeedSettings(settings.database_url, "me", queue), clock)
    assert feed.next_batch(0) == 1
    feed.close()


def test_settings_are_handed_over_in_a_private_file() -> None:
    """Readable by this user only, from another process, gone afterwards; no secret is printed."""
    queue = QueueAccess("http://q", None, "eu-west-1", "access", "canary-secret")
    settings = FeedSettings("postgresql://u:canary-password@h/d", "me", queue, max_files=3)
    with handed_over(settings) as path:
        assert read_feed_settings(path) == settings
        assert stat.S_IMODE(Path(path).stat().st_mode) == 0o600
        shown = [sys.executable, "-c", "import sys; print(open(sys.argv[1]).read())", path]
        assert "canary-password" in subprocess.run(shown, capture_output=True, text=True, check=True).stdout
    assert not Path(path).exists()
    assert "canary" not in repr(settings)


def test_what_was_handed_over_is_gone_when_the_process_is_killed() -> None:
    program = """
import time
from dq.intake.feed_settings import FeedSettings, handed_over

with handed_over(FeedSettings("postgresql://u:canary@h/d", "me")) as path:
    print(path, flush=True)
    time.sleep(600)
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        path = process.stdout.readline().strip()
        assert "canary" in Path(path).read_text()
        process.kill()
    assert not Path(path).exists()


def test_a_line_of_the_streams_own_process_is_json_without_secrets() -> None:
    """Nobody but the handed-over file tells that process what is one."""
    program = """
import structlog
from dq.intake.feed_settings import FeedSettings
from dq.intake.stream_source import _log_as_the_program
from etl_core.queue.sqs import QueueAccess

queue = QueueAccess("http://q", None, "eu-west-1", "canary-access", "canary-secret")
settings = FeedSettings("postgresql://u:canary-password@h/d", "me", queue)
_log_as_the_program(settings)
structlog.get_logger().debug("too little to be told")
structlog.get_logger().warning("refused", error="canary-password", tried=["canary-access", "canary-secret"])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    line = json.loads(done.stderr)
    assert (line["message"], line["error"], line["tried"]) == ("refused", "***", ["***", "***"])


def test_the_reader_serves_both_signatures_of_spark(settings: FeedSettings, inbox: Inbox) -> None:
    """Spark 4.0 asks without arguments, 4.2 with the start and a limit."""
    inbox.add(EVENTS, now=NOW)
    with handed_over(settings) as path:
        reader = InboxStreamReader(path)
        assert reader.initialOffset() == {"batch": 0}
        assert reader.latestOffset() == {"batch": 1}
        assert reader.latestOffset({"batch": 1}, None) == {"batch": 2}
        (partition,) = reader.partitions({"batch": 0}, {"batch": 2})
        assert isinstance(partition, InboxPartition)
        assert list(reader.read(partition)) == [(1,), (2,)]
        assert reader.partitions({"batch": 2}, {"batch": 2}) == []
        copy = pickle.loads(pickle.dumps(reader))  # noqa: S301  our own bytes
        assert copy._feed is None
        assert b"postgresql" not in pickle.dumps(reader)
        assert list(copy.read(partition)) == list(reader.read(partition))
        assert reader.latestOffset() == {"batch": 3}
        assert reader.latestOffset() == {"batch": 3}
        reader.stop()
