"""Databases with reporting tables of every variant, and one configured file in each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from etl_core.postgres.database import connect
from tests.reporting.samples import add_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Engine
from tests.reporting.saving import PAIR

VARIANTS = ("variant_a", "variant_b", "variant_c")


@pytest.fixture(params=VARIANTS)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Every variant in turn, with one configured file."""
    engine = connect(request.getfixturevalue(request.param))
    add_file(engine, *PAIR)
    yield engine
    engine.dispose()


@pytest.fixture
def engine_a(variant_a: str) -> Iterator[Engine]:
    engine = connect(variant_a)
    add_file(engine, *PAIR, range="daily", agency_id=7, is_missing=True)
    yield engine
    engine.dispose()
