"""The table of flows is made beside older ones, checked at the start, and used by who runs jobs and owns nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from dq.ledger.migrate import LEDGER
from etl_core.audit.table import AUDIT
from etl_core.errors import CatalogueError, TerminalError
from etl_core.postgres.database import connect
from etl_core.postgres.migrations import migrate, require
from jobs.running.database import make_all_tables, migrate_all
from pipelines.etl.ledger.steps import Counts, StepEnd, StepLedger
from pipelines.etl.ledger.tables import ETL
from tests.databases import login
from tests.pipelines.etl.etl_world import FIRST, yesterday

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy.engine import Engine


@pytest.fixture
def database(database_url: str) -> Iterator[Engine]:
    """A database without any table."""
    engine = connect(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def now() -> datetime:
    """Any moment."""
    from pipelines.etl.flow.window import Window  # noqa: PLC0415 - of this fixture alone

    return Window(yesterday()).since


def test_a_ledger_from_before_flows_gets_their_table_and_nothing_else(database: Engine) -> None:
    migrate(database, LEDGER, AUDIT)
    with pytest.raises(CatalogueError, match=r"table pipeline\.etl_run is missing"):
        require(database, ETL)
    done = migrate_all(database)
    assert "etl 1: what became of the steps of flows" in done
    assert not [step for step in done if step.startswith(("ledger", "audit"))]
    require(database, ETL)
    with database.begin() as connection:
        connection.execute(text("ALTER TABLE pipeline.etl_run DROP COLUMN as_of"))
    with pytest.raises(CatalogueError, match=r"column pipeline\.etl_run\.as_of is missing"):
        require(database, ETL)


def test_who_runs_jobs_may_note_steps_and_take_none_back(database: Engine, now: datetime) -> None:
    make_all_tables(database)
    with login(database, "pipeline_writer") as worker:
        require(worker, ETL)
        ledger = StepLedger(worker, "orders", "run-1")
        attempt = ledger.begin(FIRST, "extract", "input", now)
        ended = ledger.end(attempt, StepEnd("done", "read", now, "place", Counts(2, 2)), now)
        assert ledger.latest_good(FIRST, "extract") == ended
        with pytest.raises(CatalogueError), worker.begin() as connection:
            connection.execute(text("DELETE FROM pipeline.etl_run"))


@pytest.mark.parametrize(
    "change",
    [
        "rows_in = 3",
        "rows_inserted = 1, rows_updated = 0, rows_unchanged = 0",
        "state = 'failed', message = ' '",
        "state = 'running'",
        "rows_out = NULL",
    ],
)
def test_the_table_itself_holds_the_equations(change: str, database: Engine, now: datetime) -> None:
    migrate_all(database)
    ledger = StepLedger(database, "orders", "run-1")
    attempt = ledger.begin(FIRST, "load", "input", now)
    ledger.end(attempt, StepEnd("done", "loaded", now, "place", Counts(2, 2)), now)
    with pytest.raises(TerminalError, match="etl_run_"), database.begin() as connection:
        connection.execute(text(f"UPDATE pipeline.etl_run SET {change}"))
