"""Three days of a shop: loaded, run again, a late order, a row that stops the load; the table is printed after each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from jobs.console.terminal import cell, stdout

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from jobs.running.wiring import Program

_FLOW = "user_analytics"
_DAYS = ("--since", "2026-01-01", "--until", "2026-01-04")
_FIRST = ("--date", "2026-01-01")
_TABLE = "SELECT * FROM analytics.user_analytics ORDER BY id"
_STEPS = """
SELECT date, step, state, rows_in, rows_out, rows_rejected, rows_inserted, rows_updated, rows_unchanged
FROM pipeline.etl_run ORDER BY id
"""


def play(program: Program) -> int:
    """Play the days in databases that are empty; the exit code. The last but one run is meant to stop."""
    from etl_core.postgres.database import connect
    from etl_core.shipped_files import shipped_file
    from jobs.etl.doors import addresses_of
    from jobs.etl.run_etl import main
    from jobs.running.database import make_all_tables
    from jobs.running.sessions import Sessions

    sessions = Sessions(program.settings)
    engines = {name: connect(address) for name, address in addresses_of(program.settings).items()}
    source, warehouse, ledger = (engines[name] for name in ("SOURCE_DATABASE_URL", "WAREHOUSE_URL", "DATABASE_URL"))
    try:
        make_all_tables(ledger)
        sessions()  # one for all runs
        for engine, name in ((source, "source"), (source, "sample"), (warehouse, "warehouse")):
            _change(engine, shipped_file(f"sql/etl/{name}.sql").read_text(encoding="utf-8"))

        def run(title: str, *arguments: str) -> int:
            stdout().print(cell(f"\n{title}: run_etl {_FLOW} {' '.join(arguments)}"))
            code = main([_FLOW, *arguments], program)
            _show(warehouse, "analytics.user_analytics", _TABLE)
            return code

        codes = [run("Three days", *_DAYS), run("The first day again, which changes nothing", *_FIRST)]
        _change(source, "INSERT INTO orders VALUES (6, 4, 100.00, '2026-01-01 23:00+00')")
        codes.append(run("An order of the first day came late", *_FIRST))
        _change(source, "UPDATE users SET email = NULL WHERE id = 3")
        stopped = run("A user without an email stops the load", *_FIRST)
        _change(source, "UPDATE users SET email = 'cy@example.org' WHERE id = 3")
        codes.append(run("It is mended", *_FIRST))
        _show(ledger, "pipeline.etl_run", _STEPS)
    finally:
        sessions.close()
        for engine in engines.values():
            engine.dispose()
    return 0 if stopped == 1 and not any(codes) else 1


def _change(engine: Engine, statements: str) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(statements)


def _show(engine: Engine, title: str, query: str) -> None:
    with engine.connect() as connection:
        found = connection.exec_driver_sql(query)
        table = Table(*found.keys(), header_style="bold", title=title)
        for row in found:
            table.add_row(*(cell("" if value is None else value) for value in row))
    stdout().print(table)
