"""A database with the reporting tables and all of the product's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dq.reporting.catalogue.catalogue import read_catalogue
from etl_core.postgres.database import connect
from tests.databases import with_all_tables, with_full_reporting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.engine import Engine

    from dq.reporting.catalogue.catalogue import Catalogue


@pytest.fixture
def database(new_database: Callable[..., str]) -> Iterator[Engine]:
    """Its engine."""
    engine = connect(new_database(with_full_reporting, with_all_tables))
    yield engine
    engine.dispose()


@pytest.fixture
def catalogue(database: Engine) -> Catalogue:
    """Its reporting tables."""
    return read_catalogue(database)
