"""Statements that travel together behave as if each had come alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)

from etl_core.errors import DatabaseUnavailableError, TerminalError
from etl_core.postgres.database import Timeouts, connect
from etl_core.postgres.locks import lock_first
from etl_core.postgres.transaction import begin, prepare
from tests.reporting.messages import sent_messages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy.engine import Engine

NOTES = Table("note", MetaData(schema="public"), Column("id", Integer, primary_key=True), Column("words", Text))
ADD = prepare(insert(NOTES), ["id", "words"])
CHANGE = prepare(update(NOTES).where(NOTES.c.id == bindparam("which")), ["words"])
COUNT = prepare(select(func.count(NOTES.c.id)).where(NOTES.c.id >= bindparam("least")))
WORDS = prepare(select(NOTES.c.words).where(NOTES.c.id >= bindparam("least")).order_by(NOTES.c.id))


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = connect(database_url, timeouts=Timeouts(lock=20))
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE public.note (id int PRIMARY KEY, words text CHECK (words <> 'bad'))")
    yield engine
    engine.dispose()


def _words(engine: Engine) -> list[str]:
    with begin(engine) as transaction:
        return [words for (words,) in transaction.ask(WORDS, {"least": 0}).rows]


def test_what_nobody_waits_for_goes_before_the_next_question_in_one_message(engine: Engine) -> None:
    messages = sent_messages(engine)
    with begin(engine) as transaction:
        transaction.send(ADD, {"id": 1, "words": "first"})
        transaction.send(CHANGE, {"which": 1, "words": "second"})
        transaction.send_rows(ADD, [{"id": 2, "words": "two"}, {"id": 3, "words": "three"}])
        assert messages == []
        assert transaction.ask(WORDS, {"least": 1}).rows == [("second",), ("two",), ("three",)]
        assert transaction.ask(CHANGE, {"which": 9, "words": "nobody"}).count == 0
    assert len(messages) == 2


def test_the_end_of_a_transaction_sends_what_still_waits(engine: Engine) -> None:
    with begin(engine) as transaction:
        transaction.send(ADD, {"id": 1, "words": "late"})
    assert _words(engine) == ["late"]


def test_other_statements_of_the_transaction_come_after_what_waits(engine: Engine) -> None:
    with begin(engine) as transaction:
        transaction.send(ADD, {"id": 1, "words": "there"})
        assert transaction.connection.scalar(select(NOTES.c.words)) == "there"


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_refused_statement_takes_its_company_with_it(engine: Engine, place: int) -> None:
    words = ["a", "b", "c"]
    words[place] = "bad"
    with pytest.raises(TerminalError, match="note_words_check"):
        _add_and_count(engine, words)
    assert _words(engine) == []


def test_what_was_not_sent_when_something_else_failed_never_is(engine: Engine) -> None:
    with pytest.raises(ZeroDivisionError):
        _add_and_count(engine, ["never"], least=lambda: 1 // 0)
    assert _words(engine) == []


@pytest.mark.parametrize("text", ["100 %", "%s", "a;b'c\"d\\", "%(id)s", "é😀\n", ";\nDROP TABLE public.note"])
def test_values_are_values(engine: Engine, text: str) -> None:
    with begin(engine) as transaction:
        transaction.send(ADD, {"id": 1, "words": text})
        transaction.send(ADD, {"id": 2, "words": None})
    assert _words(engine) == [text, None]


def test_percent_signs_of_a_statement_stay(engine: Engine) -> None:
    remarked = prepare(select(func.concat("%", bindparam("least", type_=Integer), "%s")))
    with begin(engine) as transaction:
        assert transaction.ask(remarked, {"least": 1}).value == "%1%s"


def test_a_statement_behind_a_lock_sees_what_the_locks_last_holder_committed(engine: Engine) -> None:
    """Both come in one message, but the count begins when the lock is there."""

    with ThreadPoolExecutor(1) as other:
        with begin(engine) as holder:
            lock_first(holder, "notes")
            holder.ask(COUNT, {"least": 0})
            counted = other.submit(_count_behind_the_lock, engine)
            _wait_for_a_lock(engine)
            holder.send(ADD, {"id": 1, "words": "committed before the lock is free"})
        assert counted.result(30) == 1


def test_a_lock_that_does_not_come_free_is_retryable(database_url: str) -> None:
    engine = connect(database_url, timeouts=Timeouts(lock=1))
    with begin(engine) as holder:
        lock_first(holder, "notes")
        holder.flush()
        with pytest.raises(DatabaseUnavailableError, match="55P03"):
            _count_behind_the_lock(engine)
    engine.dispose()


def test_a_session_that_is_killed_on_the_way_is_retryable_and_the_next_transaction_works(engine: Engine) -> None:
    with pytest.raises(DatabaseUnavailableError):
        _add_and_count(engine, ["never"], least=lambda: _kill_others(engine))
    assert _words(engine) == []


MADE_UP = Table(
    "made_up",
    MetaData(schema="public"),
    Column("id", BigInteger, primary_key=True),
    Column('Words of "it"', Text),
    Column("day", Date),
    Column("hour", Integer),
    Column("state", LargeBinary),
    Column("at", DateTime(timezone=True)),
)
_ROWS = st.tuples(
    st.integers(-(2**63), 2**63 - 1),
    st.none() | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    st.none() | st.dates(),
    st.none() | st.integers(-(2**31), 2**31 - 1),
    st.none() | st.binary(),
    st.none() | st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=st.just(timezone.utc)),  # noqa: DTZ001 - the zone is given apart
)


@given(_ROWS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # the table is emptied each time
def test_a_copied_row_is_the_row_that_was_given(engine: Engine, row: tuple[Any, ...]) -> None:
    MADE_UP.create(engine, checkfirst=True)
    with begin(engine) as transaction:
        transaction.connection.execute(delete(MADE_UP))
        transaction.copy(MADE_UP, dict(zip(MADE_UP.columns.keys(), row, strict=True)))
    with engine.connect() as connection:
        (found,) = connection.execute(select(MADE_UP)).all()
    assert tuple(bytes(value) if isinstance(value, memoryview) else value for value in found) == row


def test_copies_come_after_all_statements_and_share_their_fate(engine: Engine) -> None:
    with begin(engine) as transaction:
        transaction.copy(NOTES, {"id": 1, "words": "copied"})
        assert transaction.ask(COUNT, {"least": 0}).value == 0
        transaction.send(ADD, {"id": 2, "words": "sent"})
    assert _words(engine) == ["copied", "sent"]
    with pytest.raises(TerminalError, match="note_words_check"), begin(engine) as transaction:
        transaction.copy(NOTES, {"id": 4, "words": "bad"})
    with pytest.raises(ZeroDivisionError), begin(engine) as transaction:
        transaction.copy(NOTES, {"id": 5, "words": str(1 // 0)})
    assert _words(engine) == ["copied", "sent"]


def _add_and_count(engine: Engine, words: Sequence[str], least: Callable[[], int] = int) -> int:
    with begin(engine) as transaction:
        for number, text in enumerate(words):
            transaction.send(ADD, {"id": number, "words": text})
        found: int = transaction.ask(COUNT, {"least": least()}).value
        return found


def _kill_others(engine: Engine) -> int:
    """End all other sessions of this database."""
    others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    with engine.connect() as connection:
        killed: int = connection.exec_driver_sql(
            f"SELECT count(pg_terminate_backend(pid, 10000)) {others}"
        ).scalar_one()
        return killed


def _count_behind_the_lock(engine: Engine) -> int:
    with begin(engine) as transaction:
        lock_first(transaction, "notes")
        found: int = transaction.ask(COUNT, {"least": 0}).value
        return found


def _wait_for_a_lock(engine: Engine) -> None:
    """Return when some session of this database waits for a lock."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with engine.connect() as connection:
        connection = connection.execution_options(isolation_level="AUTOCOMMIT")  # noqa: PLW2901 - the same one
        while not connection.exec_driver_sql(waiting).scalar_one():
            connection.exec_driver_sql("SELECT pg_sleep(0.01)")
