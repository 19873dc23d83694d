"""The door to Postgres: settings of a session, translated failures, nothing secret in a message."""

from __future__ import annotations

import pytest
import sqlalchemy

from etl_core.errors import CatalogueError, DatabaseUnavailableError, SettingsError, TerminalError
from etl_core.postgres.database import Timeouts, connect


def test_a_session_has_its_timeouts_search_path_and_utc(database_url: str) -> None:
    engine = connect(database_url, timeouts=Timeouts(lock=7))
    with engine.connect() as connection:
        shown = {
            name: connection.execute(sqlalchemy.text(f"SHOW {name}")).scalar_one()
            for name in ("lock_timeout", "search_path", "timezone", "application_name", "statement_timeout")
        }
    assert shown == {
        "lock_timeout": "7s",
        "search_path": "reporting, public",
        "timezone": "UTC",
        "application_name": "pipeline-processing",
        "statement_timeout": "1min",
    }
    engine.dispose()


@pytest.mark.parametrize(
    "dsn",
    ["", "no address", "mysql://u:hunter2@h/d", "postgresql://u:hunter2@h:hunter2/d", "postgresql://u:hunt@er2:x@h/d"],
)
def test_an_address_that_is_none_is_refused_without_showing_it(dsn: str) -> None:
    with pytest.raises(SettingsError) as caught:
        connect(dsn)
    assert "DATABASE_URL" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_an_unknown_database_is_a_setting_to_correct(database_url: str) -> None:
    wrong = sqlalchemy.make_url(database_url).set(database="nowhere", password="hunter2")
    with pytest.raises(SettingsError, match='"nowhere" does not exist') as caught:
        connect(wrong.render_as_string(hide_password=False))
    assert "hunter2" not in str(caught.value)


def test_a_server_that_does_not_answer_is_worth_another_try() -> None:
    with pytest.raises(DatabaseUnavailableError) as caught:
        connect("postgresql://u:hunter2@127.0.0.1:1/d")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("code", ["40P01", "40001", "55P03", "57014", "57P01", "53300", "08006", "25006"])
def test_failures_that_may_pass_are_retryable(database_url: str, code: str) -> None:
    engine = connect(database_url)
    with pytest.raises(DatabaseUnavailableError, match=code), engine.begin() as connection:
        connection.exec_driver_sql(f"DO $$ BEGIN RAISE EXCEPTION 'made up' USING ERRCODE = '{code}'; END $$")
    engine.dispose()


def test_a_killed_session_is_retryable_and_the_next_one_works(database_url: str) -> None:
    engine = connect(database_url)
    with engine.connect() as connection, engine.connect() as other:
        pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        other.exec_driver_sql("SELECT pg_terminate_backend(%s)", (pid,))
        with pytest.raises(DatabaseUnavailableError):
            connection.exec_driver_sql("SELECT 1")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT 1").scalar_one() == 1
    engine.dispose()


def test_a_session_that_died_while_idle_is_replaced_unseen(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("etl_core.postgres.database._TRUSTED_SECONDS", 0.0)
    engine, other = connect(database_url), connect(database_url)
    with engine.connect() as connection:
        pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
    with other.connect() as connection:
        connection.exec_driver_sql("SELECT pg_terminate_backend(%s, 10000)", (pid,))
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one() != pid
    engine.dispose()
    other.dispose()


def test_a_session_that_died_just_now_costs_one_try(database_url: str) -> None:
    engine, other = connect(database_url), connect(database_url)
    with other.connect() as connection:
        connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    with pytest.raises(DatabaseUnavailableError), engine.connect() as connection:
        connection.exec_driver_sql("SELECT 1")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT 1").scalar_one() == 1
    engine.dispose()
    other.dispose()


def test_a_broken_constraint_is_terminal_and_quotes_no_row(database_url: str) -> None:
    engine = connect(database_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE public.t (secret text CONSTRAINT short CHECK (length(secret) < 3))")
    with pytest.raises(TerminalError) as caught, engine.begin() as connection:
        connection.execute(sqlalchemy.text("INSERT INTO public.t VALUES (:value)"), {"value": "4111-1111"})
    assert "short" in str(caught.value)
    assert "4111-1111" not in str(caught.value)
    engine.dispose()


def test_a_table_that_vanished_asks_for_a_new_start(database_url: str) -> None:
    engine = connect(database_url)
    with pytest.raises(CatalogueError, match="start again"), engine.begin() as connection:
        connection.exec_driver_sql("SELECT 1 FROM reporting.gone")
    engine.dispose()
