"""A town, its workbooks, and a warehouse that is used as the service role."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from dq import ObjectStore
from etl_core.postgres.database import connect
from pipelines.citizens.doors import CitizensDoors
from pipelines.citizens.warehouse.audit_trail import AuditTrail
from pipelines.citizens.warehouse.connecting import make_warehouse
from tests.pipelines.citizens.town import Workbooks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlalchemy.engine import Engine


def _with_warehouse(url: str) -> None:
    engine = connect(url)
    make_warehouse(engine)
    engine.dispose()


@pytest.fixture
def warehouse_owner(new_database: Callable[..., str]) -> Iterator[Engine]:
    """The owner of a warehouse that is made and empty."""
    engine = connect(new_database(_with_warehouse))
    yield engine
    engine.dispose()


@pytest.fixture
def service(warehouse_owner: Engine) -> Iterator[Engine]:
    """A login with the rights of the service role and no others."""
    name = f"citizens_{uuid.uuid4().hex[:12]}"
    with warehouse_owner.begin() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {name} LOGIN PASSWORD 'secret' IN ROLE warehouse_service")
    address = warehouse_owner.url.set(username=name, password="secret")
    engine = connect(address.render_as_string(hide_password=False))
    yield engine
    engine.dispose()
    with warehouse_owner.begin() as connection:
        connection.exec_driver_sql(f"DROP OWNED BY {name}; DROP ROLE {name}")


@pytest.fixture
def doors(service: Engine, tmp_path: Path) -> CitizensDoors:
    """The steps' outside world; its clock goes on by a second each time it is asked."""
    present = datetime(2026, 6, 1, tzinfo=timezone.utc)

    def clock() -> datetime:
        nonlocal present
        present += timedelta(seconds=1)
        return present

    trail = AuditTrail(service, "run-1", clock)
    return CitizensDoors(service, tmp_path / "citizens", "US", ObjectStore(), trail, clock)


@pytest.fixture
def workbooks(tmp_path: Path) -> Workbooks:
    """Where workbooks are before they land."""
    folder = tmp_path / "from the agency"
    folder.mkdir()
    return Workbooks(folder)
