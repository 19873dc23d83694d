"""Migrations are carried out once and in order, are recorded, and are refused in a sentence."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
import sqlalchemy
from sqlalchemy import text

from etl_core.errors import CatalogueError
from etl_core.postgres.database import connect
from etl_core.postgres.migrations import History, Migration, from_script, migrate, require, section
from tests.form_of_tables import rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy.engine import Connection, Engine


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """A database without any table."""
    made = connect(database_url)
    yield made
    made.dispose()


def make_ships(connection: Connection) -> None:
    connection.execute(text("CREATE TABLE harbour.ship (name text)"))


def give_ships_flags(connection: Connection) -> None:
    connection.execute(text("ALTER TABLE harbour.ship ADD COLUMN flag text"))
    connection.execute(text("UPDATE harbour.ship SET flag = 'of ' || name"))


def fail(connection: Connection) -> None:
    connection.execute(text("INSERT INTO harbour.ship VALUES ('half done')"))
    raise ValueError("half way")


SHIPS = Migration(1, "ships", make_ships)
FLAGS = Migration(2, "flags", give_ships_flags)


def history(*migrations: Migration) -> History:
    return History("harbour", "the harbour", "harbour", migrations, "harbour.sql")


def applied(engine: Engine) -> list[tuple[str, int, str]]:
    return rows_of(engine, "harbour.migration", "history, version, name")


def test_what_is_pending_is_carried_out_in_order_and_recorded(engine: Engine) -> None:
    assert migrate(engine, history(SHIPS)) == ("harbour 1: ships",)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO harbour.ship VALUES ('Anna')"))
    assert migrate(engine, history(SHIPS, FLAGS)) == ("harbour 2: flags",)
    assert migrate(engine, history(SHIPS, FLAGS)) == ()
    assert rows_of(engine, "harbour.ship") == [("Anna", "of Anna")]
    assert applied(engine) == [("harbour", 1, "ships"), ("harbour", 2, "flags")]
    require(engine, history(SHIPS, FLAGS))


def test_a_step_that_fails_leaves_nothing_of_itself_or_of_those_before_it(engine: Engine) -> None:
    with pytest.raises(ValueError, match="half way"):
        migrate(engine, history(SHIPS, Migration(2, "fails", fail)))
    with engine.connect() as connection:
        assert not sqlalchemy.inspect(connection).has_schema("harbour")


def test_processes_that_migrate_at_once_take_turns(engine: Engine, database_url: str) -> None:
    """Each step would fail if it were carried out twice."""
    errors: list[Exception] = []

    def run() -> None:
        own = connect(database_url)
        try:
            migrate(own, history(SHIPS, FLAGS))
        except Exception as error:  # noqa: BLE001 - shown by the assertion below
            errors.append(error)
        finally:
            own.dispose()

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(applied(engine)) == 2


def test_a_database_that_is_newer_than_the_code_is_left_alone(engine: Engine) -> None:
    migrate(engine, history(SHIPS, FLAGS))
    for call in (migrate, require):
        with pytest.raises(CatalogueError, match="have version 2, this program works on version 1; install"):
            call(engine, history(SHIPS))


def test_what_was_not_carried_out_yet_is_named_at_start_up(engine: Engine) -> None:
    with pytest.raises(CatalogueError, match="schema harbour is missing"):
        require(engine, history(SHIPS))
    migrate(engine, history(SHIPS))
    with pytest.raises(CatalogueError, match=r"migration harbour 2 \(flags\) has not been carried out\n.*harbour.sql"):
        require(engine, history(SHIPS, FLAGS))


def test_histories_of_one_schema_know_nothing_of_each_other(engine: Engine) -> None:
    other = History("crew", "the crew", "harbour", (Migration(7, "none", lambda _: None),), "harbour.sql")
    assert migrate(engine, history(SHIPS), other) == ("harbour 1: ships", "crew 7: none")
    assert migrate(engine, other, history(SHIPS, FLAGS)) == ("harbour 2: flags",)


def test_a_role_without_the_right_to_create_is_told_whom_to_ask(engine: Engine, database_url: str) -> None:
    """Where it has nothing to create it needs no right, and half way the step says what it lacked."""
    name = f"sailor_{engine.url.database}"
    with engine.begin() as connection:
        connection.execute(text(f"CREATE ROLE {name} LOGIN PASSWORD 'secret'"))
    address = sqlalchemy.make_url(database_url).set(username=name, password="secret")
    sailor = connect(address.render_as_string(hide_password=False))
    try:
        with pytest.raises(CatalogueError, match=f"role {name} may not create schema harbour .* harbour.sql"):
            migrate(sailor, history(SHIPS))
        migrate(engine, history(SHIPS))
        with engine.begin() as connection:
            connection.execute(text(f"GRANT USAGE ON SCHEMA harbour TO {name}"))
            connection.execute(text(f"GRANT SELECT ON harbour.migration TO {name}"))
        assert migrate(sailor, history(SHIPS)) == ()
        with pytest.raises(CatalogueError, match=f"role {name} may not create tables in schema harbour; have its"):
            migrate(sailor, history(SHIPS, FLAGS))
        with engine.begin() as connection:
            connection.execute(text(f"GRANT CREATE ON SCHEMA harbour TO {name}"))
        with pytest.raises(
            CatalogueError, match=r"must be owner of table ship .*have the owner of the tables \(\w+\) apply"
        ):
            migrate(sailor, history(SHIPS, FLAGS))
    finally:
        sailor.dispose()
        with engine.begin() as connection:
            connection.execute(text(f"DROP OWNED BY {name}"))
            connection.execute(text(f"DROP ROLE {name}"))


def test_a_step_may_stand_in_a_script(engine: Engine, tmp_path: Path) -> None:
    script = tmp_path / "harbour.sql"
    script.write_text(
        "CREATE SCHEMA IF NOT EXISTS harbour;\n"
        "-- migration harbour 1: ships\nCREATE TABLE harbour.ship (name text); -- 100 %\n"
        "-- migration harbour 12: flags\nALTER TABLE harbour.ship ADD COLUMN flag text;\n"
    )
    steps = (Migration(1, "ships", from_script(lambda: script, "harbour", 1)),)
    migrate(engine, history(*steps))
    assert rows_of(engine, "harbour.ship") == []
    migrate(engine, history(*steps, Migration(12, "flags", from_script(lambda: script, "harbour", 12))))
    assert len(applied(engine)) == 2
    with pytest.raises(LookupError, match="name harbour 2; expected one"):
        section(script.read_text(), "harbour", 2)


def test_what_the_records_say_is_there_and_is_not_is_made_again(engine: Engine) -> None:
    """Where the steps of a history only make what is missing."""

    def make(connection: Connection) -> None:
        connection.execute(text("CREATE TABLE IF NOT EXISTS harbour.pier (name text)"))

    def problems(connection: Connection) -> list[str]:
        found = sqlalchemy.inspect(connection).has_table("pier", schema="harbour")
        return [] if found else ["table harbour.pier is missing"]

    piers = History("piers", "the piers", "harbour", (Migration(1, "piers", make),), "harbour.sql", problems)
    migrate(engine, piers)
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE harbour.pier"))
    with pytest.raises(CatalogueError, match=r"table harbour\.pier is missing"):
        require(engine, piers)
    assert migrate(engine, piers) == ("piers 1: piers",)
    require(engine, piers)


def test_versions_have_to_ascend() -> None:
    with pytest.raises(ValueError, match=r"do not ascend: \[2, 1\]"):
        history(FLAGS, SHIPS)
