"""A database with the account of streams, the ledger and the reporting tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from etl_core.postgres.database import connect
from jobs.running.database import migrate_all

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Engine


@pytest.fixture
def accounts(variant_a: str) -> Iterator[Engine]:
    """Its engine."""
    engine = connect(variant_a)
    migrate_all(engine)
    yield engine
    engine.dispose()
