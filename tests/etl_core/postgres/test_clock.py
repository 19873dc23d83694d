"""The time of the database, told by counting on from what it said."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import psycopg2
import pytest
from sqlalchemy import event, text

from etl_core.errors import DatabaseUnavailableError
from etl_core.postgres.clock import DatabaseClock
from etl_core.postgres.database import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Engine


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    made = connect(database_url)
    yield made
    made.dispose()


def test_it_is_the_database_s_time_that_is_told(engine: Engine) -> None:
    with engine.connect() as connection:
        before = connection.scalars(text("SELECT clock_timestamp()")).one()
    told = DatabaseClock(engine)()
    with engine.connect() as connection:
        after = connection.scalars(text("SELECT clock_timestamp()")).one()
    assert told.tzinfo is not None
    assert before <= told <= after + timedelta(seconds=30)  # the question may take its time, and the answer be late


def test_seconds_are_counted_on_and_the_database_is_asked_once_a_minute(engine: Engine) -> None:
    asked: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *call: asked.append(call[2]))
    passed = 1000.0
    clock = DatabaseClock(engine, lambda: passed)
    first = clock()
    for seconds in (1, 20, 59):
        passed = 1000.0 + seconds
        assert clock() - first == timedelta(seconds=seconds)
    assert len(asked) == 1
    passed = 1060.0
    again = clock()
    assert len(asked) == 2
    assert again - first < timedelta(seconds=55), "the database's own time counts, where it was asked again"


def test_while_the_database_is_away_the_seconds_are_still_counted(engine: Engine) -> None:
    passed = 0.0
    clock = DatabaseClock(engine, lambda: passed)
    first = clock()
    event.listen(engine, "before_cursor_execute", _away)
    passed = 100.0
    assert clock() - first == timedelta(seconds=100)
    passed = 130.0
    assert clock() - first == timedelta(seconds=130)
    passed = 161.0
    event.remove(engine, "before_cursor_execute", _away)
    assert clock() - first < timedelta(seconds=100), "it answers again, and its own time counts"


def test_without_a_database_there_is_no_time() -> None:
    with pytest.raises(DatabaseUnavailableError):
        DatabaseClock(connect("postgresql://nobody:x@127.0.0.1:9/none"))()


def _away(*_: object) -> None:
    raise psycopg2.OperationalError("server closed the connection unexpectedly")
