"""A database with the account of streams, the ledger and the reporting tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from etl_core.postgres.database import connect
from tests.databases import with_all_tables, with_full_reporting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.engine import Engine


@pytest.fixture
def accounts(new_database: Callable[..., str]) -> Iterator[Engine]:
    """Its engine."""
    engine = connect(new_database(with_full_reporting, with_all_tables))
    yield engine
    engine.dispose()
