"""Databases with all tables, and what is in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from etl_core.postgres.database import connect
from tests.databases import with_all_tables, with_full_reporting
from tests.operations.landscape import Landscape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def landscape(new_database: Callable[..., str]) -> Iterator[Landscape]:
    """A landscape without a file."""
    engine = connect(new_database(with_full_reporting, with_all_tables))
    yield Landscape(engine)
    engine.dispose()
