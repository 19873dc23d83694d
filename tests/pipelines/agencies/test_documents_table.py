"""The table of documents: made beside older ones, checked at the start, used by who runs jobs and owns nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from dq.ledger.migrate import LEDGER
from etl_core.audit.table import AUDIT
from etl_core.errors import CatalogueError, TerminalError
from etl_core.postgres.database import connect
from etl_core.postgres.migrations import migrate, require
from jobs.running.database import migrate_all
from pipelines.agencies.copying.copy_result import CopyResult
from pipelines.agencies.ledger.copies import CopyLedger
from pipelines.agencies.ledger.tables import DOCUMENTS
from pipelines.agencies.source.documents import Agency, Attachment
from pipelines.etl.ledger.tables import ETL
from tests.databases import login
from tests.pipelines.agencies.documents_world import NOON

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

_AGENCY = Agency(10, "tenant-a")
_COPIED = CopyResult(
    Attachment("1", "a.pdf", "a.pdf"), "from", "to", "a.pdf", "copied", size=1, source_etag="e", destination_etag="e"
)


def test_a_ledger_from_before_documents_gets_their_table_and_nothing_else(database_url: str) -> None:
    database = connect(database_url)
    migrate(database, LEDGER, AUDIT, ETL)
    with pytest.raises(CatalogueError, match=r"table pipeline\.document_copy is missing"):
        require(database, DOCUMENTS)
    done = migrate_all(database)
    assert "documents 1: what became of agencies' documents" in done
    assert not [step for step in done if step.startswith(("ledger", "audit", "etl"))]
    require(database, DOCUMENTS)
    with database.begin() as connection:
        connection.execute(text("ALTER TABLE pipeline.document_copy DROP COLUMN source_version"))
    with pytest.raises(CatalogueError, match=r"column pipeline\.document_copy\.source_version is missing"):
        require(database, DOCUMENTS)
    database.dispose()


def test_who_runs_jobs_may_note_copies_and_take_none_back(documents_database: Engine) -> None:
    with login(documents_database, "pipeline_writer") as worker:
        require(worker, DOCUMENTS)
        CopyLedger(worker, "run-1", lambda: NOON).note(_AGENCY, [_COPIED])
        assert CopyLedger(worker, "run-2", lambda: NOON).noted(_AGENCY, ["1"])["s3://to/a.pdf"].status == "copied"
        with pytest.raises(CatalogueError), worker.begin() as connection:
            connection.execute(text("DELETE FROM pipeline.document_copy"))


def test_a_row_that_says_so_already_keeps_who_wrote_it_and_one_that_does_not_is_replaced(
    documents_database: Engine,
) -> None:
    agency = Agency(11, "tenant-b")

    def note(run: str, result: CopyResult) -> tuple[str, str]:
        CopyLedger(documents_database, run, lambda: NOON).note(agency, [result])
        query = "SELECT run_id, status FROM pipeline.document_copy WHERE agency_id = '11'"
        with documents_database.connect() as connection:
            run_id, status = connection.execute(text(query)).one()
        return run_id, status

    assert note("run-1", _COPIED) == ("run-1", "copied")
    assert note("run-2", replace(_COPIED, status="unchanged")) == ("run-1", "copied")
    assert note("run-3", replace(_COPIED, status="conflict", reason="other content")) == ("run-3", "conflict")
    assert note("run-4", _COPIED) == ("run-4", "copied")


@pytest.mark.parametrize("change", ["status = 'unchanged'", "status = 'failed'", "size = NULL", "source_etag = NULL"])
def test_the_table_itself_holds_what_a_row_must_say(change: str, documents_database: Engine) -> None:
    agency = Agency(12, "tenant-c")
    CopyLedger(documents_database, "run-1", lambda: NOON).note(agency, [_COPIED])
    with pytest.raises(TerminalError, match="document_copy_"), documents_database.begin() as connection:
        connection.execute(text(f"UPDATE pipeline.document_copy SET {change} WHERE agency_id = '12'"))
