"""The demo of citizens plays three months and prints what the warehouse holds."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

from pydantic import SecretStr

from jobs.playground.citizens_demo import play
from jobs.playground.sample_workbooks import ERROR_CELL, FAULTS, Town
from pipelines.citizens.settings import CitizensSettings
from tests.pipelines.citizens.town import rows

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from sqlalchemy.engine import Engine


def test_three_months_are_played_and_what_core_and_mart_hold_is_printed(
    warehouse_owner: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    address = warehouse_owner.url.render_as_string(hide_password=False)
    settings = CitizensSettings(warehouse_url=SecretStr(address), citizens_root=str(tmp_path / "root"))
    assert play(settings, "demo") == 0
    printed = capsys.readouterr().out
    assert printed.count("mart.fact_citizen_snapshot") == 3
    assert "rolled back" in printed
    months = [
        row[0] for row in rows(warehouse_owner, "SELECT DISTINCT date_key FROM mart.fact_citizen_snapshot ORDER BY 1")
    ]
    assert months == [20260101, 20260301]
    steps = rows(warehouse_owner, "SELECT DISTINCT step FROM meta.etl_audit WHERE status = 'OK' ORDER BY 1")
    assert steps == [(step,) for step in ("ingest", "publish", "rollback", "transform", "validate")]
    assert rows(warehouse_owner, "SELECT count(*) FROM meta.etl_audit WHERE status = 'FAIL'") == [(0,)]


def test_the_same_seed_gives_the_same_town() -> None:
    months = (date(2026, 1, 1), date(2026, 2, 1))
    first, again, other = (
        [town.month(month) for month in months]
        for town in (Town(1, 300, faults=0.2), Town(1, 300, faults=0.2), Town(2, 300))
    )
    assert first == again
    assert first != other
    assert len(FAULTS) == len(set(FAULTS)) == 12


def test_a_town_has_phones_in_ten_spellings_impossible_dates_and_error_cells() -> None:
    citizens, phones = Town(1, 2000, faults=0.2).month(date(2026, 1, 1))
    shapes = {re.sub(r"[0-9]", "9", str(number)) for _, _, number in phones if number != "unlisted"}
    assert len(shapes) == 10
    cells = {cell for row in citizens for cell in row}
    assert {"31.02.1980", ERROR_CELL, "?", "not an address", "actvie", None} <= cells
    assert len({row[0] for row in citizens}) < len(citizens), "some keys stand twice"
