"""What a line of the audit may hold, and that it stays as it was written."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from etl_core.audit.account import Account
from etl_core.audit.record import Step
from etl_core.audit.table import AUDIT, write_audit
from etl_core.errors import CatalogueError, TerminalError
from etl_core.log.redaction import Redaction
from etl_core.postgres.database import connect
from etl_core.postgres.migrations import migrate
from tests.form_of_tables import rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy.engine import Engine

    from etl_core.audit.record import AuditRecord

STEP = Step(
    "run",
    "succeeded",
    datetime(2026, 1, 4, 12, tzinfo=timezone.utc),
    subject="s3://harbour/ships",
    inputs=("a", "b"),
    outputs=("c",),
    rows_in=5,
    rows_out=4,
    message="well done",
    seconds=0.012,
)


def record(number: int = 1, *, secrets: Sequence[str] = (), **changes: Any) -> AuditRecord:  # noqa: ANN401 - of a step
    account = Account("moor", "1.2.3", "r1", lambda: uuid.UUID(int=number), Redaction(tuple(secrets)))
    return account.line(replace(STEP, **changes))


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """A database with the table."""
    made = connect(database_url)
    migrate(made, AUDIT)
    yield made
    made.dispose()


def test_a_line_is_added_as_it_was_given(engine: Engine) -> None:
    write_audit(engine, record())
    (row,) = rows_of(engine, "pipeline.audit")
    assert row == (
        *(uuid.UUID(int=1), datetime(2026, 1, 4, 12, tzinfo=timezone.utc), "moor", "1.2.3", "r1", "run"),
        *("s3://harbour/ships", ["a", "b"], ["c"], 5, 4, "succeeded", "well done", 12),
    )
    write_audit(engine, record(2, subject=None, rows_in=None, message=None))
    assert len(rows_of(engine, "pipeline.audit")) == 2


@pytest.mark.parametrize(
    "change", ["UPDATE pipeline.audit SET status = 'x'", "DELETE FROM pipeline.audit", "TRUNCATE pipeline.audit"]
)
def test_a_line_is_never_changed_or_deleted(engine: Engine, change: str) -> None:
    write_audit(engine, record())
    with pytest.raises(TerminalError, match="never changed or deleted"), engine.begin() as connection:
        connection.execute(text(change))
    assert len(rows_of(engine, "pipeline.audit")) == 1


def test_no_secret_gets_into_a_line(engine: Engine) -> None:
    told = ("postgresql://app:hunter2@db/x", "hunter3")
    leaky = record(
        secrets=told,
        subject="of hunter3",
        inputs=(told[0],),
        outputs=("http://s3/x?X-Amz-Signature=hunter4",),
        message="hunter3",
    )
    write_audit(engine, leaky)
    shown = str(rows_of(engine, "pipeline.audit"))
    assert "hunter" not in shown
    assert "***" in shown


def test_texts_that_postgres_cannot_hold_and_endless_ones_are_kept_as_far_as_possible(engine: Engine) -> None:
    odd = record(subject="k" * 100_000, message="a\x00b\ud800", inputs=tuple(f"n{number}" for number in range(1000)))
    write_audit(engine, odd)
    (row,) = rows_of(engine, "pipeline.audit", "subject, message, inputs")
    assert (len(row[0]), row[1]) == (2000, "a\u2400b\ufffd")
    assert (len(row[2]), row[2][-1]) == (101, "and 900 more")


def test_without_its_table_the_error_says_so(database_url: str) -> None:
    engine = connect(database_url)
    with pytest.raises(CatalogueError, match=r"pipeline\.audit"):
        write_audit(engine, record())
    engine.dispose()
