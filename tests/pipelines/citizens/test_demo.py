"""The demo of citizens plays three months and prints what the warehouse holds."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from pydantic import SecretStr

from jobs.playground.citizens_demo import play
from jobs.playground.sample_workbooks import FAULTS, Town
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
    assert len(FAULTS) == len(set(FAULTS)) == 10
