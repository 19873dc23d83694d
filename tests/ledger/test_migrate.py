"""The ledger's tables are made where that is allowed, and checked at start-up."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy
from sqlalchemy import text

from dq.ledger.inspection import inbox_status, list_rows
from dq.ledger.migrate import migrate, require_ledger
from etl_core.errors import CatalogueError
from etl_core.postgres.database import connect
from etl_core.shipped_files import shipped_file
from jobs.running.database import migrate_all
from tests.form_of_tables import form_of_tables, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Engine

_VERSION_2 = Path(__file__).parent / "ledger_version_2.sql"
_ROWS = """
INSERT INTO pipeline.object_inbox (bucket, key, source, received_at, due_at, updated_at, state, reason, batch,
                                   lease_owner, lease_until)
VALUES ('landing', 'a', 'queue', now(), now(), now(), 'pending', null, null, null, null),
       ('landing', 'b', 'queue', now(), now(), now(), 'dead', 'broken', 3, null, null),
       ('landing', 'c', 'queue', now(), now(), now(), 'claimed', null, 4, 'somebody', now());
INSERT INTO pipeline.announcement_dead_letter (received_at, source, reason, body, digest)
VALUES (now(), 'queue', 'not JSON', '{', 'd1');
INSERT INTO pipeline.profile_state VALUES ('1', '2', 'tenant-a', 'trips', '2026-01-04', 12, '\\x00ff', now());
UPDATE pipeline.batch_counter SET last_batch = 7;
"""
_WAITING = """
INSERT INTO pipeline.object_inbox (bucket, key, source, received_at, due_at, updated_at, state, reason, attempts)
VALUES ('landing', 'a', 'queue', now(), now(), now(), 'unconfigured', 'no monitoring_file', 1),
       ('landing', 'b', 'queue', now(), now(), now(), 'bad_definition', 'min > max', 1),
       ('landing', 'c', 'queue', now(), now(), now(), 'ignored', 'no template fits', 1);
"""


def _apply(engine: Engine, script: Path) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(script.read_text(encoding="utf-8").replace("%", "%%"))


@pytest.fixture
def second(empty: Engine, database_url: str) -> Iterator[Engine]:
    """Another database without the ledger, on the same server."""
    name = f"{empty.url.database}_2"
    admin = sqlalchemy.create_engine(empty.url, isolation_level="AUTOCOMMIT", poolclass=sqlalchemy.NullPool)
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    address = sqlalchemy.make_url(database_url).set(database=name)
    made = connect(address.render_as_string(hide_password=False))
    yield made
    made.dispose()
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture
def empty(database_url: str) -> Iterator[Engine]:
    """A database without the ledger."""
    made = connect(database_url)
    yield made
    made.dispose()


@pytest.fixture
def worker(empty: Engine, database_url: str) -> Iterator[Engine]:
    """A role without any right of its own, on the same database."""
    name = f"worker_{empty.url.database}"
    with empty.begin() as connection:
        connection.execute(text(f"CREATE ROLE {name} LOGIN PASSWORD 'secret'"))
    address = sqlalchemy.make_url(database_url).set(username=name, password="secret")
    made = connect(address.render_as_string(hide_password=False))
    yield made
    made.dispose()
    with empty.begin() as connection:
        connection.execute(text(f"DROP OWNED BY {name}"))
        connection.execute(text(f"DROP ROLE {name}"))


def test_migrating_twice_changes_nothing(empty: Engine) -> None:
    """And the second time needs no rights to create."""
    migrate(empty)
    with empty.begin() as connection:
        connection.execute(text("UPDATE pipeline.batch_counter SET last_batch = 7"))
    migrate(empty)
    require_ledger(empty)
    with empty.connect() as connection:
        assert connection.scalar(text("SELECT last_batch FROM pipeline.batch_counter")) == 7


def test_what_is_missing_is_made_again(empty: Engine) -> None:
    """A dropped table comes back; the others keep their rows."""
    migrate(empty)
    with empty.begin() as connection:
        connection.execute(text("DROP TABLE pipeline.announcement_dead_letter"))
    with pytest.raises(CatalogueError, match=r"table pipeline\.announcement_dead_letter is missing"):
        require_ledger(empty)
    migrate(empty)
    require_ledger(empty)


def test_a_missing_ledger_says_what_to_do(empty: Engine) -> None:
    """Name the command and the file."""
    with pytest.raises(CatalogueError) as caught:
        require_ledger(empty)
    assert caught.value.problems[0] == "schema pipeline is missing"
    assert "pipeline-processing migrate" in str(caught.value)
    assert "conf/sql/pipeline.sql" in str(caught.value)


def test_everything_missing_is_listed_at_once(empty: Engine) -> None:
    """A column here, a table there."""
    migrate(empty)
    with empty.begin() as connection:
        connection.execute(text("DROP TABLE pipeline.batch_counter"))
        connection.execute(text("ALTER TABLE pipeline.object_inbox DROP COLUMN read_etag, DROP COLUMN lost_leases"))
    with pytest.raises(CatalogueError) as caught:
        require_ledger(empty)
    found = str(caught.value)
    for name in ("pipeline.batch_counter", "pipeline.object_inbox.read_etag", "pipeline.object_inbox.lost_leases"):
        assert f"{name} is missing" in found
    with pytest.raises(CatalogueError, match=r"read_etag"):
        migrate(empty)


def test_a_ledger_of_another_version_is_refused(empty: Engine) -> None:
    """An older program must not write into newer tables."""
    migrate(empty)
    with empty.begin() as connection:
        connection.execute(text("INSERT INTO pipeline.migration VALUES ('ledger', 99, 'of tomorrow')"))
    for check in (require_ledger, migrate):
        with pytest.raises(CatalogueError, match="version 99, this program works on version 9"):
            check(empty)


def test_a_ledger_of_the_first_version_gets_what_it_lacks_and_keeps_its_rows(empty: Engine) -> None:
    """The first version kept no profiles."""
    _apply(empty, _VERSION_2)
    with empty.begin() as connection:
        connection.execute(text("DROP TABLE pipeline.profile_state"))
        connection.execute(text("UPDATE pipeline.ledger_version SET version = 1"))
        connection.execute(text("UPDATE pipeline.batch_counter SET last_batch = 7"))
    with pytest.raises(CatalogueError, match=r"table pipeline\.profile_state is missing"):
        require_ledger(empty)
    migrate(empty)
    require_ledger(empty)
    with empty.connect() as connection:
        assert connection.scalar(text("SELECT version FROM pipeline.ledger_version")) == 9
        assert connection.scalar(text("SELECT last_batch FROM pipeline.batch_counter")) == 7


def test_a_ledger_made_before_there_were_records_goes_on_without_loss(empty: Engine, second: Engine) -> None:
    """Every row stays, and its form is that of a ledger made now."""
    _apply(empty, _VERSION_2)
    with empty.begin() as connection:
        connection.exec_driver_sql(_ROWS)
    columns = "id, bucket, key, source, received_at, due_at, updated_at, state, reason, batch, lease_owner, lease_until"
    tables = {"object_inbox": columns, "batch_counter": "*", "announcement_dead_letter": "*", "profile_state": "*"}
    before = {table: rows_of(empty, f"pipeline.{table}", names) for table, names in tables.items()}
    assert all(before.values())
    with pytest.raises(CatalogueError, match=r"table pipeline\.migration is missing"):
        require_ledger(empty)
    migrate(empty)
    require_ledger(empty)
    migrate(second)
    assert {table: rows_of(empty, f"pipeline.{table}", names) for table, names in tables.items()} == before
    assert sum(inbox_status(empty, datetime.now(timezone.utc)).states.values()) == len(before["object_inbox"])
    assert form_of_tables(empty, "pipeline") == form_of_tables(second, "pipeline")


@pytest.mark.parametrize("before", [None, _VERSION_2], ids=["an empty database", "one without records"])
def test_the_file_applied_by_hand_does_what_migrating_does(empty: Engine, second: Engine, before: Path | None) -> None:
    """Once or twice; and then there is nothing left to migrate."""
    for engine in (empty, second):
        if before is not None:
            _apply(engine, before)
    assert migrate_all(empty) == (
        "ledger 2: the inbox, and the profiles of its runs",
        "ledger 3: what a row waits for, and the window it was announced with",
        "ledger 4: objects that run alone, buckets that rest, and who works on the ledger",
        "ledger 5: objects in the order of their keys",
        "ledger 6: how many objects are in which state, kept",
        "ledger 7: all rows of a run by an index",
        "ledger 8: what became of objects in the lake",
        "ledger 9: loads that take another one back",
        "audit 1: a line for every job and step",
        "streams 1: how far streams of records are, and the profiles of their hours",
        "etl 1: what became of the steps of flows",
        "documents 1: what became of agencies' documents",
        "api 1: how far application APIs were read, and what of them landed",
        "arrivals 1: when files are due, and what became of each window",
        "observations 1: what of runs is unusual, and the numbers it is told from",
        "retention 1: profiles of days, and how far back the ledger remembers",
        "alerts 1: alerts, and who was told of them",
        "lineage 1: which lines of the audit were told as lineage",
    )
    for _ in range(2):
        _apply(second, shipped_file("sql/pipeline.sql"))
    assert form_of_tables(second, "pipeline") == form_of_tables(empty, "pipeline")
    for table in ("migration", "ledger_version"):
        columns = {"migration": "history, version, name", "ledger_version": "version"}[table]
        assert rows_of(second, f"pipeline.{table}", columns) == rows_of(empty, f"pipeline.{table}", columns)
    assert migrate_all(second) == ()


def test_rows_from_before_that_wait_for_a_file_or_a_definition_are_tried_once_more(empty: Engine) -> None:
    """That notes what they wait for."""
    _apply(empty, _VERSION_2)
    with empty.begin() as connection:
        connection.exec_driver_sql(_WAITING)
    migrate(empty)
    migrate(empty)
    assert [(row.event.key, row.state, row.attempts) for row in list_rows(empty)] == [
        ("a", "pending", 0),
        ("b", "pending", 0),
        ("c", "ignored", 1),
    ]


def test_a_role_that_may_not_create_is_told_which_grant_is_missing_and_with_it_can_migrate(
    empty: Engine, worker: Engine
) -> None:
    """Nothing is left half made."""
    with pytest.raises(
        CatalogueError, match=r"may not create schema pipeline in database \w+; have its owner"
    ) as caught:
        migrate(worker)
    _grant(empty, caught.value)
    migrate(worker)
    require_ledger(worker)


def test_a_role_that_may_not_create_in_the_schema_is_told_which_grant_is_missing(empty: Engine, worker: Engine) -> None:
    with empty.begin() as connection:
        connection.execute(text("CREATE SCHEMA pipeline"))
    with pytest.raises(CatalogueError, match="may not create tables in schema pipeline") as caught:
        migrate(worker)
    _grant(empty, caught.value)
    migrate(worker)
    require_ledger(worker)


def test_a_role_that_may_not_change_the_tables_of_another_one_is_told_whose_they_are(
    empty: Engine, worker: Engine
) -> None:
    """Where that is no superuser, with the grant that makes it one of the owners."""
    _apply(empty, _VERSION_2)
    name, owner = worker.url.username, f"owner_of_{empty.url.database}"
    with empty.begin() as connection:
        connection.execute(text(f"GRANT ALL ON SCHEMA pipeline TO {name}"))
    with pytest.raises(CatalogueError, match=r"have the owner of the tables \(\w+\) apply conf/sql/pipeline\.sql$"):
        migrate(worker)
    with empty.begin() as connection:
        connection.execute(text(f"CREATE ROLE {owner}"))
        connection.execute(text(f"GRANT ALL ON SCHEMA pipeline TO {owner}"))
        for table in ("ledger_version", "batch_counter", "object_inbox", "announcement_dead_letter", "profile_state"):
            connection.execute(text(f"ALTER TABLE pipeline.{table} OWNER TO {owner}"))
    try:
        with pytest.raises(CatalogueError, match="a step could not be carried out") as caught:
            migrate(worker)
        _grant(empty, caught.value)
        migrate(worker)
        require_ledger(worker)
    finally:
        with empty.begin() as connection:
            connection.execute(text(f"DROP OWNED BY {owner}"))
            connection.execute(text(f"DROP ROLE {owner}"))


def _grant(owner: Engine, refusal: CatalogueError) -> None:
    """Carry out the statement that a message names."""
    (statement,) = re.findall(r"`(GRANT [^`]*)`", str(refusal))
    with owner.begin() as connection:
        connection.execute(text(statement))


def test_missing_rights_are_listed(empty: Engine, worker: Engine) -> None:
    """Each with the grant, and with all of them a role can work."""
    migrate(empty)
    with pytest.raises(CatalogueError, match="the right USAGE on schema pipeline is missing"):
        require_ledger(worker)
    with empty.begin() as connection:
        connection.execute(text(f"GRANT USAGE ON SCHEMA pipeline TO {worker.url.username}"))
        connection.execute(text(f"GRANT SELECT ON ALL TABLES IN SCHEMA pipeline TO {worker.url.username}"))
    with pytest.raises(CatalogueError) as caught:
        require_ledger(worker)
    grants = [one.partition("; ")[2] for one in caught.value.problems if one.startswith("the right ")]
    assert f"GRANT DELETE ON pipeline.profile_state TO {worker.url.username}" in grants
    assert f"GRANT UPDATE ON pipeline.batch_counter TO {worker.url.username}" in grants
    assert len(grants) == 16
    with empty.begin() as connection:
        for grant in grants:
            connection.execute(text(grant))
    require_ledger(worker)
