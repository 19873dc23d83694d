"""The roles of `conf/sql/roles.sql` may do what they are for, and no more."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from dq.ledger.inbox import Inbox
from dq.ledger.inspection import inbox_status
from dq.ledger.migrate import LEDGER, require_ledger
from dq.reporting.catalogue.catalogue import read_catalogue
from etl_core.audit.table import AUDIT
from etl_core.errors import CatalogueError
from etl_core.postgres.database import connect
from etl_core.postgres.migrations import require
from etl_core.postgres.rights import check_all
from jobs.running.database import migrate_all
from tests.databases import login, with_all_tables, with_full_reporting
from tests.ledger.consumer import NOW, events

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.engine import Engine


@pytest.fixture
def owner(new_database: Callable[..., str]) -> Iterator[Engine]:
    """A database with all tables, as its owner."""
    made = connect(new_database(with_full_reporting, with_all_tables))
    yield made
    made.dispose()


def refused(engine: Engine, statement: str) -> str:
    with pytest.raises(CatalogueError) as caught, engine.begin() as connection:
        connection.execute(text(statement))
    return str(caught.value)


def tables(engine: Engine) -> list[str]:
    query = "SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname IN ('reporting', 'pipeline')"
    with engine.connect() as connection:
        return list(connection.scalars(text(query)))


def test_a_reader_reads_everything_and_changes_nothing(owner: Engine) -> None:
    with login(owner, "pipeline_reader") as reader:
        found = tables(owner)
        assert len(found) >= 11
        for table in found:
            with reader.connect() as connection:
                connection.execute(text(f"SELECT * FROM {table}"))
            assert "permission denied" in refused(reader, f"DELETE FROM {table}")
        assert "permission denied" in refused(reader, "INSERT INTO pipeline.batch_counter VALUES (true, 1)")
        with pytest.raises(CatalogueError, match=r"GRANT INSERT ON pipeline\.object_inbox TO login_"):
            require_ledger(reader)


def test_a_writer_has_what_the_jobs_need_and_makes_drops_and_unsays_nothing(owner: Engine) -> None:
    with login(owner, "pipeline_writer") as writer:
        require_ledger(writer)
        read_catalogue(writer)
        for statement in (
            "CREATE TABLE reporting.mine (id integer)",
            "CREATE TABLE pipeline.mine (id integer)",
            "DROP TABLE pipeline.object_inbox",
            "ALTER TABLE pipeline.object_inbox ADD COLUMN mine integer",
            "DELETE FROM pipeline.object_inbox",
            "DELETE FROM reporting.monitoring_file_data_quality",
            "UPDATE reporting.monitoring_file SET file_name = 'another'",
            "INSERT INTO reporting.monitoring_file (file_name, agency_slug) VALUES ('a', 'b')",
            "UPDATE pipeline.audit SET message = 'nothing happened'",
            "DELETE FROM pipeline.audit",
            "UPDATE pipeline.migration SET version = 1",
            "UPDATE pipeline.object_inbox_count SET change = 7",
        ):
            said = refused(writer, statement)
            assert "permission denied" in said or "must be owner" in said, statement


def test_a_writer_changes_the_counts_of_the_ledger_by_its_work_alone(owner: Engine) -> None:
    """They are kept with the rights of who owns them."""
    with login(owner, "pipeline_writer") as writer:
        Inbox(writer).add(events(3), now=NOW)
        assert inbox_status(writer, NOW).states["pending"] == 3


def test_a_right_that_the_role_file_gives_and_somebody_took_is_named_at_the_start(owner: Engine) -> None:
    with login(owner, "pipeline_writer") as writer:
        with owner.begin() as connection:
            connection.execute(text("REVOKE DELETE ON pipeline.profile_state FROM pipeline_writer"))
        with pytest.raises(CatalogueError, match=r"the right DELETE on pipeline\.profile_state is missing; GRANT"):
            require_ledger(writer)


def test_all_rights_that_are_missing_are_named_by_one_start_with_the_file_that_gives_them(owner: Engine) -> None:
    with login(owner, "pipeline_writer") as writer:
        with owner.begin() as connection:
            connection.execute(text("REVOKE DELETE ON pipeline.profile_state FROM pipeline_writer"))
            connection.execute(text("REVOKE INSERT ON pipeline.audit FROM pipeline_writer"))
            connection.execute(text("REVOKE INSERT ON reporting.monitoring_file_run FROM pipeline_writer"))
        with pytest.raises(CatalogueError) as caught:
            check_all(partial(require, writer, LEDGER, AUDIT), partial(read_catalogue, writer))
    said = "\n".join(caught.value.problems)
    for table in (
        "DELETE ON pipeline.profile_state",
        "INSERT ON pipeline.audit",
        "INSERT ON reporting.monitoring_file",
    ):
        assert f"GRANT {table}" in said
    assert "conf/sql/roles.sql gives all that the program needs" in said
    assert "migrate" not in said


def test_an_owner_migrates_without_being_more_than_that(owner: Engine) -> None:
    with login(owner, "pipeline_owner") as migrator:
        with owner.begin() as connection:
            connection.execute(text("ALTER TABLE pipeline.object_inbox DROP COLUMN definition_digest"))
        migrate_all(migrator)
        require_ledger(owner)
        assert "permission denied" in refused(migrator, "DELETE FROM reporting.monitoring_file_run")
