"""Workbooks of a few people, and what core and mart hold of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from jobs.playground.sample_workbooks import CITIZENS, PHONES, Cell, write_workbook
from pipelines.citizens.ingest import Landed, ingest
from pipelines.citizens.run_pipeline import run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Engine

    from pipelines.citizens.doors import CitizensDoors

_ANN: dict[str, Cell] = {
    "citizen_id": "C1",
    "first_name": "ANN",
    "last_name": "SMITH",
    "birth_date": date(1980, 3, 15),
    "sex": "f",
    "street": "MAIN ST",
    "house_no": 12,
    "zip": 501,
    "city": "NEW YORK",
    "email": "Ann@Example.org",
    "registered_on": "01.02.2020",
    "status": "Active",
}


def person(number: int, **changes: Cell) -> list[Cell]:
    """A citizen's row, as somebody typed it."""
    return list({**_ANN, "citizen_id": f"C{number}", **changes}.values())


@dataclass(frozen=True)
class Workbooks:
    """A folder of workbooks."""

    folder: Path

    def citizens(self, month: str, *rows: Sequence[Cell], name: str = "", header: Sequence[str] = CITIZENS) -> Path:
        """A workbook of citizens."""
        path = self.folder / (name or f"citizens_{month}.xlsx")
        write_workbook(path, "citizens", header, rows)
        return path

    def phones(self, month: str, *rows: Sequence[Cell]) -> Path:
        """A workbook of phones."""
        path = self.folder / f"phones_{month}.xlsx"
        write_workbook(path, "phones", PHONES, rows)
        return path


def land(doors: CitizensDoors, *paths: Path) -> list[Landed]:
    """Land workbooks."""
    return [ingest(path, doors) for path in paths]


def load(doors: CitizensDoors, *paths: Path) -> int:
    """Land workbooks and bring all to the end."""
    land(doors, *paths)
    return run(doors)


def rows(engine: Engine, query: str) -> list[tuple[Any, ...]]:
    """What a query gives."""
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


#: Core without the numbers that loads have, which a crash may leave gaps in.
CORE = """
SELECT citizen_id, first_name, last_name, city, status, valid_from, valid_to, is_current, citizen_sk
FROM core.citizen ORDER BY citizen_id, valid_from
"""
FACTS = """
SELECT f.date_key, c.citizen_id, c.last_name, l.city, f.age_years, f.phone_count, f.is_new, f.is_changed
FROM mart.fact_citizen_snapshot f
JOIN mart.dim_citizen c USING (citizen_key) JOIN mart.dim_location l USING (location_key)
ORDER BY 1, 2
"""
