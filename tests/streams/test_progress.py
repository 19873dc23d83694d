"""How far a stream is: every offset once, and nobody goes on twice from one place."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.exc import IntegrityError

from dq.streams.progress import Advance, Counts, OtherReaderError, Standing, Topic, advance, standing_of, topic_ids
from dq.streams.replays import Replayed, note_replayed, replayed
from etl_core.errors import PipelineError
from tests.databases import login

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

NOW = datetime(2026, 5, 4, 10, tzinfo=timezone.utc)
TOPIC = Topic("events", "raw", "one")


def go(engine: Engine, topic: Topic, *advances: Advance) -> None:
    advance(engine, topic, advances, (), "", NOW)


def test_every_offset_is_accounted_for_by_what_became_of_it(accounts: Engine) -> None:
    go(accounts, TOPIC, Advance(0, 5, 12, Counts(4, 1, 1, 1)), Advance(1, 0, 2, Counts(processed=2)))
    go(accounts, TOPIC, Advance(0, 12, 15, Counts(dead=1, lost=2)))
    assert standing_of(accounts, TOPIC) == {0: Standing(15, Counts(4, 2, 1, 1, 2)), 1: Standing(2, Counts(processed=2))}


def test_an_offset_without_an_account_is_refused() -> None:
    with pytest.raises(AssertionError, match="records were lost: partition 3 went from offset 5 to 9, and 3 are"):
        Advance(3, 5, 9, Counts(processed=3))


def test_the_database_holds_the_equation_as_well(accounts: Engine) -> None:
    go(accounts, TOPIC, Advance(0, 0, 2, Counts(processed=2)))
    with pytest.raises((IntegrityError, PipelineError)), accounts.begin() as connection:
        connection.exec_driver_sql("UPDATE pipeline.stream_partition SET next_offset = next_offset + 1")


def test_who_reads_what_another_process_has_read_is_told(accounts: Engine) -> None:
    go(accounts, TOPIC, Advance(0, 0, 2, Counts(processed=2)), Advance(1, 0, 0, Counts()))
    with pytest.raises(OtherReaderError, match="partition 0 of raw is at offset 2, and this batch began at 0"):
        go(accounts, TOPIC, Advance(1, 0, 1, Counts(processed=1)), Advance(0, 0, 2, Counts(processed=2)))
    assert standing_of(accounts, TOPIC)[1].next_offset == 0


def test_a_topic_that_was_made_anew_has_an_account_of_its_own(accounts: Engine) -> None:
    go(accounts, TOPIC, Advance(0, 0, 7, Counts(processed=7)))
    anew = Topic("events", "raw", "two")
    assert standing_of(accounts, anew) == {}
    assert topic_ids(accounts, "events", "raw") == ["one"]
    advance(accounts, anew, [Advance(0, 0, 1, Counts(dead=1))], (), "", NOW.replace(hour=11))
    assert topic_ids(accounts, "events", "raw") == ["one", "two"]


def test_a_letter_that_was_sent_back_is_known(accounts: Engine) -> None:
    note_replayed(accounts, TOPIC, [Replayed(0, 4, 2), Replayed(1, 4, 3)], NOW)
    note_replayed(accounts, TOPIC, [Replayed(0, 4, 2)], NOW)
    assert replayed(accounts, TOPIC) == {(0, 4), (1, 4)}
    assert replayed(accounts, Topic("events", "raw", "two")) == set()


def test_the_role_that_runs_jobs_may_do_all_that(accounts: Engine) -> None:
    with login(accounts, "pipeline_writer") as worker:
        go(worker, TOPIC, Advance(0, 0, 2, Counts(processed=2)))
        go(worker, TOPIC, Advance(0, 2, 3, Counts(processed=1)))
        note_replayed(worker, TOPIC, [Replayed(0, 4, 2)], NOW)
        assert replayed(worker, TOPIC) == {(0, 4)}
