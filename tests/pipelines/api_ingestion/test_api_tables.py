"""The account of application APIs is made beside older tables, and used by who runs jobs and owns nothing."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from dq.ledger.migrate import LEDGER
from etl_core.audit.table import AUDIT
from etl_core.errors import CatalogueError
from etl_core.objects.store import ObjectHead
from etl_core.postgres.database import connect
from etl_core.postgres.migrations import migrate, require
from jobs.api_ingestion.doors import _announce, _keep_letter
from jobs.running.database import make_all_tables
from pipelines.api_ingestion.account.database_account import DatabaseAccount
from pipelines.api_ingestion.account.tables import API
from pipelines.api_ingestion.doors import Cursor
from pipelines.api_ingestion.errors import PageError
from pipelines.api_ingestion.landing.landed import Landing
from tests.databases import login

if TYPE_CHECKING:
    from collections.abc import Callable

_NOW = datetime(2026, 3, 1, 10, 20, tzinfo=timezone.utc)
_HOUR = _NOW.replace(minute=0)


def test_a_database_from_before_gets_the_tables_and_a_worker_may_keep_the_account(
    new_database: Callable[..., str],
) -> None:
    owner = connect(new_database())
    migrate(owner, LEDGER, AUDIT)
    with pytest.raises(CatalogueError, match="migration api 1"):
        require(owner, API)
    make_all_tables(owner)
    with login(owner, "pipeline_writer") as worker:
        require(worker, API)
        account = DatabaseAccount(worker, "landing", _announce, _keep_letter)
        digests = bytes(range(256)) * 12_000  # more than one statement takes
        landing = Landing("s", "e", "a", "f", "r", 1, "agency/a/files/f/x", _HOUR, 9, 1, digests, "writing", _NOW)
        with account.turn("s", "e"):
            number = account.begin(landing)
            assert account.newest("a", "f") is None
            account.landed(number, ObjectHead("landing", landing.key, 9, "etag"), _NOW)
            (found,) = account.unfinished("s", "e")
            assert (found.state, found.digests, found.window) == ("landed", digests, _HOUR)
            account.finish("s", "e", Cursor("2026", b"edge"), "r", _NOW)
            account.finish("s", "e", None, "r", _NOW)
        assert account.cursor("s", "e") == Cursor("2026", b"edge")
        assert account.unfinished("s", "e") == []
        assert account.newest("a", "f") is not None
        account.dead_letter("s", "e", PageError("no list", "GET https://a", "body"), _NOW)
        with worker.connect() as connection:
            (letter,) = connection.execute(text("SELECT source, reason, body FROM pipeline.announcement_dead_letter"))
            assert tuple(letter) == ("api s e", "no list", "GET https://a\n\nbody")
            assert connection.scalar(text("SELECT run_window FROM pipeline.object_inbox")) == "key"
        with pytest.raises(CatalogueError), worker.begin() as connection:
            connection.execute(text("DELETE FROM pipeline.api_cursor"))
    owner.dispose()
