"""A database with all tables, and receivers that listen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from etl_core.postgres.database import connect
from tests.databases import with_all_tables, with_full_reporting
from tests.operations.alerts.landscape import Landscape
from tests.operations.alerts.receivers import receiving, taking_mail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.databases import Databases
    from tests.operations.alerts.receivers import Mailbox, Receiver


@pytest.fixture(scope="module")
def _landscape(_databases: Databases) -> Iterator[Landscape]:
    url = _databases.make(with_full_reporting, with_all_tables)
    engine = connect(url)
    yield Landscape(engine, url)
    engine.dispose()
    _databases.drop(url)


@pytest.fixture
def landscape(_landscape: Landscape) -> Landscape:
    """All tables, empty; one database a module."""
    _landscape.clear()
    return _landscape


@pytest.fixture
def own_landscape(new_database: Callable[..., str]) -> Iterator[Landscape]:
    """All tables of a test that changes their form."""
    url = new_database(with_full_reporting, with_all_tables)
    engine = connect(url)
    yield Landscape(engine, url)
    engine.dispose()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with taking_mail() as made:
        yield made
