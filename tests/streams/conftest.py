"""A database with the account of streams, the ledger and the reporting tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dq.ledger.migrate import LEDGER
from dq.streams.tables import STREAMS
from etl_core.audit.table import AUDIT
from etl_core.postgres.database import connect
from etl_core.postgres.migrations import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Engine


@pytest.fixture
def accounts(variant_a: str) -> Iterator[Engine]:
    """Its engine."""
    engine = connect(variant_a)
    migrate(engine, LEDGER, AUDIT, STREAMS)
    yield engine
    engine.dispose()
