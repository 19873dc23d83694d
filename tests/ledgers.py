"""A ledger in a database of each test's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dq.ledger.inbox import Inbox
from dq.ledger.migrate import migrate
from etl_core.postgres.database import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Engine


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on a database with the ledger's tables."""
    made = connect(database_url)
    migrate(made)
    yield made
    made.dispose()


@pytest.fixture
def inbox(engine: Engine) -> Inbox:
    """A ledger in which three attempts are allowed."""
    return Inbox(engine, max_attempts=3)
