"""Databases for simulated worlds, one for each of two forms of the reporting tables."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
import structlog

from etl_core.shipped_files import shipped_file
from tests.databases import VARIANTS, apply
from tests.simulation.world.databases import Simulation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def simulation(new_database: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulation]:
    """The full tables, and those of a web application, which does not note when a run's object was modified."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    scripts = (shipped_file("sql/reporting.sql"), VARIANTS / "web_application.sql")
    made = Simulation([apply(new_database(), script) for script in scripts], monkeypatch)
    yield made
    made.close()
    structlog.configure(**before)
