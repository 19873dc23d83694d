"""Three months of a made-up town: one comes late, one is taken back; what core and mart hold is printed after each."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack, contextmanager
from datetime import date, datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table
from sqlalchemy import make_url, text

from etl_core.errors import UsageError
from jobs.console.terminal import cell, stdout
from jobs.playground.sample_workbooks import CITIZENS, PHONES, Town, write_workbook

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy.engine import Engine

    from etl_core.settings import Settings
    from pipelines.citizens.settings import CitizensSettings

#: What the demo's database is called on the embedded server.
DATABASE = "demo_citizens"
_SEED, _PEOPLE = 7, 400
_MONTHS = tuple(date(2026, month, 1) for month in (1, 2, 3))
_CORE = """
SELECT v.snapshot_month, v.dataset, v.version_id, v.row_count, v.new_count, v.changed_count, v.gone_count,
       CASE WHEN v.is_live THEN 'live' ELSE 'rolled back' END AS state
FROM meta.dataset_version v ORDER BY v.snapshot_month, v.dataset, v.version_id
"""
_HISTORY = """
SELECT count(*) AS rows, sum(CASE WHEN is_current THEN 1 ELSE 0 END) AS current, count(DISTINCT citizen_id) AS citizens
FROM core.citizen
"""
_MART = """
SELECT d.month_key AS month, count(*) AS citizens, sum(CASE WHEN f.is_new THEN 1 ELSE 0 END) AS new,
       sum(CASE WHEN f.is_changed THEN 1 ELSE 0 END) AS changed, sum(f.phone_count) AS phones,
       round(avg(f.age_years), 1) AS mean_age
FROM mart.fact_citizen_snapshot f JOIN mart.dim_date d ON d.date_key = f.date_key
GROUP BY d.month_key ORDER BY d.month_key
"""


@contextmanager
def open_warehouse(settings: Settings) -> Iterator[Engine]:
    """The warehouse of WAREHOUSE_URL, else the one that the demo left in the embedded Postgres, to look at it.

    Raises:
        SettingsError, DatabaseUnavailableError: there is none, or it cannot be reached.
    """
    from jobs.running.database import embedded_database
    from pipelines.citizens.settings import CitizensSettings
    from pipelines.citizens.warehouse.connecting import connect_warehouse

    with ExitStack() as own:
        address = settings[CitizensSettings].warehouse_url
        if address is None:
            server = own.enter_context(embedded_database())
            url = make_url(server.dsn).set(database=DATABASE).render_as_string(hide_password=False)
        else:
            url = address.get_secret_value()
        engine = connect_warehouse(url)
        own.callback(engine.dispose)
        yield engine


def play(settings: CitizensSettings, run_id: str) -> int:
    """Play the months in a warehouse that is empty, as its owner; the exit code."""
    from pipelines.citizens.ingest import ingest
    from pipelines.citizens.run_pipeline import open_doors, run
    from pipelines.citizens.transform import roll_back
    from pipelines.citizens.warehouse.connecting import connect_warehouse, make_warehouse

    console = stdout()
    if settings.warehouse_url is None:
        raise UsageError("the demo of citizens needs a warehouse of its own")
    warehouse = connect_warehouse(settings.warehouse_url.get_secret_value())
    make_warehouse(warehouse)
    warehouse.dispose()
    with (
        tempfile.TemporaryDirectory(prefix="citizens-") as folder,
        open_doors(settings, run_id=run_id, clock=lambda: datetime.now(timezone.utc)) as doors,
    ):
        january, february, march = _workbooks(Path(folder))
        for title, paths in (("January and March arrive", (*january, *march)), ("February comes late", february)):
            for path in paths:
                ingest(path, doors)
            run(doors)
            console.print(cell(f"\n{title}:"))
            _show(doors.warehouse)
        with doors.warehouse.connect() as connection:
            query = "SELECT max(version_id) FROM meta.dataset_version WHERE dataset = 'citizen' AND is_live"
            late: int = connection.execute(text(query)).scalar_one()
        roll_back(late, doors)
        code = run(doors)
        console.print(cell(f"\nVersion {late}, the citizens of February, is taken back:"))
        _show(doors.warehouse)
        console.print(cell(f"\nIn a warehouse of yours `citizens transform --reload {late}` brings it back."))
        console.print(cell("notebooks/citizens.ipynb plots what this one holds."))
    return code


def _workbooks(folder: Path) -> list[tuple[Path, Path]]:
    town, made = Town(_SEED, _PEOPLE), []
    for month in _MONTHS:
        citizens, phones = town.month(month)
        paths = folder / f"citizens_{month:%Y-%m}.xlsx", folder / f"phones_{month:%Y-%m}.xlsx"
        write_workbook(paths[0], "citizens", CITIZENS, citizens)
        write_workbook(paths[1], "phones", PHONES, phones)
        made.append(paths)
    return made


def _show(warehouse: Engine) -> None:
    with warehouse.connect() as connection:
        for title, query in (("Loads", _CORE), ("core.citizen", _HISTORY), ("mart.fact_citizen_snapshot", _MART)):
            found = connection.execute(text(query))
            stdout().print(_table(title, list(found.keys()), [tuple(row) for row in found]))


def _table(title: str, names: Sequence[str], rows: Sequence[tuple[object, ...]]) -> Table:
    table = Table(*names, header_style="bold", title=title)
    for row in rows:
        table.add_row(*map(cell, row))
    return table
