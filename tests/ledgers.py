"""A ledger in a database of each test's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dq.ledger.inbox import Inbox
from etl_core.postgres.database import connect
from tests.databases import with_ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.engine import Engine


@pytest.fixture
def ledger_url(new_database: Callable[..., str]) -> str:
    """The address of a database with the ledger's tables."""
    return new_database(with_ledger)


@pytest.fixture
def engine(ledger_url: str) -> Iterator[Engine]:
    """An engine on it."""
    made = connect(ledger_url)
    yield made
    made.dispose()


@pytest.fixture
def inbox(engine: Engine) -> Inbox:
    """A ledger in which three attempts are allowed."""
    return Inbox(engine, max_attempts=3)
