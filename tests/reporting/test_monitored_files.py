"""Looking files up, and making placeholders for those that nobody configured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event

from dq.reporting.catalogue.catalogue import read_catalogue
from dq.reporting.reporting import ReportingStore
from etl_core.errors import TerminalError
from etl_core.postgres.database import connect
from tests.reporting.samples import NOON, add_file, everything, result
from tests.reporting.saving import PAIR, configured, save

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine


def test_names_the_database_cannot_hold_are_unknown_and_cannot_be_created(engine: Engine) -> None:
    store = ReportingStore(read_catalogue(engine))
    with engine.begin() as connection:
        assert store.monitored_files(connection, [("a\x00", "b"), ("a", "\ud800"), ("nobody", "nothing")]) == {}
        with pytest.raises(TerminalError, match="cannot store"):
            store.create_placeholder(connection, "a\x00", "b", "s3://landing/x/", NOON)


def test_many_pairs_are_looked_up_in_one_statement(engine_a: Engine) -> None:
    for number in range(20):
        add_file(engine_a, "tenant-b", f"file-{number}")
    statements: list[str] = []
    store = ReportingStore(read_catalogue(engine_a))
    event.listen(engine_a, "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))
    with engine_a.connect() as connection:
        found = store.monitored_files(connection, [("tenant-b", f"file-{number}") for number in range(1000)])
    assert len(found) == 20
    assert len(statements) == 1


def test_of_several_rows_for_one_pair_the_active_one_counts(variant_a: str) -> None:
    engine = connect(variant_a)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "ALTER TABLE reporting.monitoring_file DROP CONSTRAINT monitoring_file_agency_slug_file_name_key"
        )
    for active in (False, True, True):
        add_file(engine, *PAIR, is_active=active)
    file = configured(engine)
    assert (file.id, file.is_active) == (2, True)
    engine.dispose()


def test_a_file_without_a_definition_has_none(engine: Engine) -> None:
    add_file(engine, "tenant-c", "plain", schema_definition_id=None)
    file = configured(engine, ("tenant-c", "plain"))
    assert (file.definition, file.definition_id) == (None, None)


def test_a_table_without_a_link_to_definitions_still_works(variant_b: str) -> None:
    engine = connect(variant_b)
    add_file(engine, *PAIR)
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE reporting.monitoring_file DROP COLUMN schema_definition_id")
    assert configured(engine).definition is None
    engine.dispose()


def test_a_placeholder_is_made_once_and_knows_its_folder(engine: Engine) -> None:
    store = ReportingStore(read_catalogue(engine, creates_files=True))
    with engine.begin() as connection:
        first = store.create_placeholder(connection, "tenant-a", "new", "s3://landing/new/", NOON)
        second = store.create_placeholder(connection, "tenant-a", "new", "s3://landing/other/", NOON)
    assert first == second
    assert first.definition is None
    (row,) = [row for row in everything(engine)["monitoring_file"] if row["file_name"] == "new"]
    assert row.get("s3_url", "s3://landing/new/") == "s3://landing/new/"
    assert save(engine, result(first)).state == "done"


def test_a_placeholder_takes_the_agency_of_its_neighbours(engine_a: Engine) -> None:
    with engine_a.begin() as connection:
        store = ReportingStore(read_catalogue(engine_a))
        assert store.create_placeholder(connection, "tenant-a", "new", "s3://landing/new/", NOON).agency_id == 7
        assert store.create_placeholder(connection, "tenant-x", "new", "s3://landing/new/", NOON).agency_id is None
